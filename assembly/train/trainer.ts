// A trainer: one block that holds all of a training but the plan, whose constants are its parameters.
//
//   header | resident chunks | gradients of buffers and states | Wᵀ | scratch | states between chunks | losses of rows
//          | targets | weights of rows | fresh rows | segments | marks | gradients and two moments of the constants
//
// A window goes in chunks of `chunk` timesteps, of which `resident` keep their tapes: see window.ts and chunk.ts.

import { columnsOf } from '../memory/op-record';
import { paddedRows } from '../memory/rows';
import { countOf, entry, offsetOf } from '../plan/image';
import { stateBytes } from '../plan/session';
import { Header, OutputEntry } from '../shared/plan';
import { Chunk, chunkBytes } from './chunk';
import { markBytes } from './frozen';
import { columnsOfStates, gradientBytes, scratchBytes, transposedBytes } from './needs';
import { SEGMENT } from './optimizer/segment';

/** What it has of a Chunk is the one that runs. */
@unmanaged
export class Trainer extends Chunk {
  plan: usize;
  rows: i32;
  /** Timesteps of a chunk, in the main section and in the encoder; chunks of the longest window, and of its tape. */
  chunk: i32;
  encoderChunk: i32;
  chunks: i32;
  resident: i32;
  /** The resident chunks, and the bytes of each. */
  firstChunk: usize;
  chunkBytes: usize;
  /** The states before each chunk of a window and behind the last one, `stateBytes` each. */
  between: usize;
  stateBytes: usize;
  /** f64[rows of the longest window]: weight × loss. */
  losses: usize;
  /** Timesteps of the window that have run forward. */
  timesteps: i32;
  /** f64[states][timesteps of the longest window], where the norms of the gradients of states go; 0 for nowhere. */
  norms: usize;
  /** Gradients of buffers, zero when a chunk begins to flow back, then of states, zero when a window does. */
  gradients: usize;
  stateGradients: usize;
  stateGradientsEnd: usize;
  transposed: usize;
  scratch: usize;
  /** The constants of the plan, their gradients and moments: as many bytes each. */
  parameters: usize;
  parameterBytes: usize;
  parameterGradients: usize;
  /** What an update changes: the parameters, or the weights that they are rounded from. */
  master: usize;
  first: usize;
  second: usize;
  /** A Criterion: which loss. */
  criterion: usize;
  /** Of a chunk: u32[rows], f32[rows][size] or labels, as the loss wants them; f32, one a row. */
  targets: usize;
  weights: usize;
  /** The gradient of the model's first output, and its size. */
  outputGradient: usize;
  outputSize: i32;
  /** Bytes from a panel of a buffer to the next, in the main section and in the encoder. */
  panelStride: usize;
  encoderStride: usize;
  /** u32[rows]: 1 for a stream that has begun with the initial states and has not been trained on yet. */
  fresh: usize;
  segments: usize;
  segmentCount: i32;
  /** See frozen.ts: marks of what moves, once `frozen` is 1; until then all does. */
  marks: usize;
  frozen: i32;
  /** A Dropout. */
  dropout: usize;
  /** Of the last window: the global norm of the gradients of what is trainable. */
  norm: f32;
}

/** Bytes of the header: the Trainer, then its Dropout. */
export const HEADER: u64 = 320;
const DROPOUT: u64 = 256;

/** Sets all addresses of a trainer at `at` but those of the running chunk, and returns its end. */
export function layOut(
  t: Trainer, at: usize, plan: usize, rows: i32, chunk: i32, encoderChunk: i32, chunks: i32, resident: i32,
): u64 {
  t.plan = plan; t.rows = rows; t.chunk = chunk; t.encoderChunk = encoderChunk; t.chunks = chunks; t.resident = resident;
  t.panelStride = <usize>paddedRows(rows * chunk) << 6;
  t.encoderStride = <usize>paddedRows(rows * encoderChunk) << 6;
  t.parameters = plan + offsetOf(plan, Header.Constants);
  t.parameterBytes = countOf(plan, Header.Constants);
  t.master = t.parameters;
  t.dropout = at + <usize>DROPOUT;
  let top = layOutWindow(t, <u64>at + HEADER);
  t.parameterGradients = <usize>top; top = aligned(top + t.parameterBytes);
  t.first = <usize>top; top = aligned(top + t.parameterBytes);
  t.second = <usize>top; top = aligned(top + t.parameterBytes);
  return top;
}

/** What a window needs, but for the gradients of the parameters, from `top` on. */
export function layOutWindow(t: Trainer, top: u64): u64 {
  const plan = t.plan, all = t.rows * t.chunk, states = countOf(plan, Header.States);
  const bytes = chunkBytes(t);
  t.firstChunk = <usize>top; t.chunkBytes = <usize>bytes; top += bytes * t.resident;
  t.gradients = <usize>top; top += gradientBytes(t, countOf(plan, Header.Buffers));
  t.stateGradients = <usize>top; top += columnsOfStates(plan, states) * t.rows << 2;
  t.stateGradientsEnd = <usize>top;
  t.transposed = <usize>top; top += aligned(transposedBytes(t, countOf(plan, Header.Ops)));
  t.scratch = <usize>top; top = aligned(top + scratchBytes(t));
  t.stateBytes = <usize>stateBytes(plan, t.rows);
  t.between = <usize>top; top += <u64>t.stateBytes * (t.chunks + 1);
  t.losses = <usize>top; top = aligned(top + (<u64>all * t.chunks << 3));
  const output = columnsOf(load<u32>(entry(plan, Header.Outputs, 0), OutputEntry.Size));
  t.targets = <usize>top; top = aligned(top + (<u64>output * paddedRows(all) << 2));
  t.weights = <usize>top; top = aligned(top + (<u64>all << 2));
  t.fresh = <usize>top; top = aligned(top + (<u64>t.rows << 2));
  t.segments = <usize>top; top = aligned(top + (countOf(plan, Header.Ops) * 3 + states) * SEGMENT);
  t.marks = <usize>top; top = aligned(top + markBytes(plan));
  return top;
}

export function aligned(n: u64): u64 {
  return (n + 63) & ~63;
}

/** Where a host finds what it fills or reads. */
export function trainerSession(at: usize): usize { return changetype<Trainer>(at).session; }
export function trainerTargets(at: usize): usize { return changetype<Trainer>(at).targets; }
export function trainerWeights(at: usize): usize { return changetype<Trainer>(at).weights; }
export function trainerGradients(at: usize): usize { return changetype<Trainer>(at).parameterGradients; }
export function trainerFirstMoments(at: usize): usize { return changetype<Trainer>(at).first; }
export function trainerSecondMoments(at: usize): usize { return changetype<Trainer>(at).second; }
export function trainerNorm(at: usize): f32 { return changetype<Trainer>(at).norm; }

/** From now on an update changes the weights at `master`, laid out as the parameters; who set it rounds them afterwards. */
export function setMaster(at: usize, master: usize): void { changetype<Trainer>(at).master = master; }
