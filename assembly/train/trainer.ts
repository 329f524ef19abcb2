// A trainer: one block that holds all of a training but the plan, whose constants are its parameters.
//
//   header | session | op records | backward records | tape | gradients of buffers and states | Wᵀ | scratch
//          | gradients and two moments of the constants | targets | weights of rows | fresh rows | segments
//
// Its session has `rows` streams and `chunk` timesteps, `encoderChunk` in the encoder, and op records of the trainer's own:
// those of the plan, a dropout before the products that want one, and behind each cell the records of its states.

import { BACKWARD_RECORD } from '../memory/backward-record';
import { OP_RECORD, columnsOf } from '../memory/op-record';
import { paddedRows } from '../memory/rows';
import { countOf, entry, offsetOf } from '../plan/image';
import { sessionBytes } from '../plan/session';
import { Header, OutputEntry } from '../shared/plan';
import { columnsOfStates, gradientBytes, scratchBytes, tapeBytes, transposedBytes } from './needs';
import { SEGMENT } from './optimizer/segment';

@unmanaged
export class Trainer {
  session: usize;
  plan: usize;
  rows: i32;
  chunk: i32;
  encoderChunk: i32;
  /** Op records that the session runs, and backward records in the same order: the main section's, then the encoder's. */
  ops: usize;
  opsEnd: usize;
  backward: usize;
  backwardMainEnd: usize;
  backwardEnd: usize;
  /** The tapes of the states one behind the other. */
  tape: usize;
  /** Gradients of buffers, then of states; zero when a window begins to flow back. */
  gradients: usize;
  gradientBytes: usize;
  /** Where the gradients of states begin. */
  stateGradients: usize;
  transposed: usize;
  scratch: usize;
  /** The constants of the plan, their gradients and moments: as many bytes each. */
  parameters: usize;
  parameterBytes: usize;
  parameterGradients: usize;
  first: usize;
  second: usize;
  /** u32[rows], or f32[rows][size], as the loss wants them; f32, one a row. */
  targets: usize;
  weights: usize;
  /** The model's first output, its gradient, its size. */
  output: usize;
  outputGradient: usize;
  outputSize: i32;
  /** Bytes from a panel of a buffer to the next, in the main section and in the encoder. */
  panelStride: usize;
  encoderStride: usize;
  /** u32[rows]: 1 for a stream that has begun with the initial states and has not been trained on yet. */
  fresh: usize;
  segments: usize;
  segmentCount: i32;
  /** A Dropout. */
  dropout: usize;
  /** Of the last window: the global norm of the gradients of what is trainable. */
  norm: f32;
}

/** Bytes of the header: the Trainer, then its Dropout. */
const HEADER: u64 = 256;
const DROPOUT: u64 = 192;

/** Sets all addresses of a trainer at `at` and returns its end. */
export function layOut(t: Trainer, at: usize, plan: usize, rows: i32, chunk: i32, encoderChunk: i32): u64 {
  const all = rows * chunk, ops = <u64>countOf(plan, Header.Ops), states = countOf(plan, Header.States);
  t.plan = plan; t.rows = rows; t.chunk = chunk; t.encoderChunk = encoderChunk;
  t.panelStride = <usize>paddedRows(all) << 6;
  t.encoderStride = <usize>paddedRows(rows * encoderChunk) << 6;
  t.parameters = plan + offsetOf(plan, Header.Constants);
  t.parameterBytes = countOf(plan, Header.Constants);
  t.dropout = at + <usize>DROPOUT;
  let top = <u64>at + HEADER;
  t.session = <usize>top; top = aligned(top + sessionBytes(plan, rows, chunk, encoderChunk));
  t.ops = <usize>top; top = aligned(top + (ops * 2 + states) * OP_RECORD);
  t.backward = <usize>top; top = aligned(top + ops * 2 * BACKWARD_RECORD);
  t.tape = <usize>top; top += tapeBytes(t, states);
  t.gradients = <usize>top; top += gradientBytes(t, countOf(plan, Header.Buffers));
  t.stateGradients = <usize>top; top += columnsOfStates(plan, states) * rows << 2;
  t.gradientBytes = <usize>top - t.gradients;
  t.transposed = <usize>top; top += aligned(transposedBytes(t, <u32>ops));
  t.scratch = <usize>top; top = aligned(top + scratchBytes(t));
  t.parameterGradients = <usize>top; top = aligned(top + t.parameterBytes);
  t.first = <usize>top; top = aligned(top + t.parameterBytes);
  t.second = <usize>top; top = aligned(top + t.parameterBytes);
  const output = columnsOf(load<u32>(entry(plan, Header.Outputs, 0), OutputEntry.Size));
  t.targets = <usize>top; top = aligned(top + (<u64>output * paddedRows(all) << 2));
  t.weights = <usize>top; top = aligned(top + (<u64>all << 2));
  t.fresh = <usize>top; top = aligned(top + (<u64>rows << 2));
  t.segments = <usize>top; top = aligned(top + (ops * 3 + states) * SEGMENT);
  return top;
}

function aligned(n: u64): u64 {
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
