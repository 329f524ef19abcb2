import { Header, OutputEntry } from '../shared/plan';
import { countOf, entry } from '../plan/image';
import { sessionBytes } from '../plan/session';
import { sessionReset, sessionResetRow } from '../plan/states';
import { makeChunks } from './chunk';
import { markMoving } from './frozen';
import { bufferGradient } from './records';
import { HEADER, Trainer, layOut } from './trainer';

/** Room for a header that is laid out only to learn where the block would end. */
const DRAFT: usize = memory.data(320);

/**
 * Bytes of a trainer of a validated float32 plan without private weights, for windows of `chunks` chunks of which `resident` keep their tapes; 0
 * where they do not fit an address space of 2 GiB.
 */
export function trainerBytes(
  plan: usize, rows: i32, chunk: i32, encoderChunk: i32, chunks: i32, resident: i32,
): u32 {
  if (sessionBytes(plan, rows, chunk, encoderChunk) == 0 || countOf(plan, Header.Outputs) == 0) return 0;
  if (countOf(plan, Header.Private) != 0) return 0;
  const bytes = layOut(changetype<Trainer>(DRAFT), 0, plan, rows, chunk, encoderChunk, chunks, resident);
  return bytes > 0x7fff0000 ? 0 : <u32>bytes;
}

/** Those of them that are not the gradients and moments of the parameters: what a longer window or more streams cost. */
export function trainerWindowBytes(
  plan: usize, rows: i32, chunk: i32, encoderChunk: i32, chunks: i32, resident: i32,
): u32 {
  if (trainerBytes(plan, rows, chunk, encoderChunk, chunks, resident) == 0) return 0;
  return <u32>changetype<Trainer>(DRAFT).parameterGradients;
}

/**
 * Lays the trainer out in the block at `at`: the zero state, rows weighing 1, no dropout, nothing trainable yet.
 * `norms`: where the norms of the gradients of states go, f64[states][chunks * chunk], or 0.
 */
export function trainerInit(
  at: usize, plan: usize, rows: i32, chunk: i32, encoderChunk: i32, chunks: i32, resident: i32, norms: usize,
): void {
  memory.fill(at, 0, trainerBytes(plan, rows, chunk, encoderChunk, chunks, resident));
  const trainer = changetype<Trainer>(at);
  layOut(trainer, at, plan, rows, chunk, encoderChunk, chunks, resident);
  trainer.norms = norms;
  makeChunks(trainer);
  const output = entry(plan, Header.Outputs, 0);
  trainer.outputGradient = bufferGradient(trainer, load<u32>(output, OutputEntry.Buffer));
  trainer.outputSize = load<u32>(output, OutputEntry.Size);
  for (let i = 0; i < rows * chunk; i++) store<f32>(trainer.weights + (<usize>i << 2), 1);
  trainerReset(at);
}

/** What is in none of the segments, which are all there, costs no backward work from now on; all streams begin anew. */
export function freeze(at: usize): void {
  const trainer = changetype<Trainer>(at);
  // who watches the gradients of states wants all of them
  if (trainer.norms) return;
  markMoving(trainer);
  makeChunks(trainer);
  trainerReset(at);
}

/** All streams back to the initial states. */
export function trainerReset(at: usize): void {
  const trainer = changetype<Trainer>(at);
  sessionReset(trainer.session);
  for (let row = 0; row < trainer.rows; row++) store<u32>(trainer.fresh + (<usize>row << 2), 1);
}

/** One of them. */
export function trainerResetRow(at: usize, row: i32): void {
  const trainer = changetype<Trainer>(at);
  sessionResetRow(trainer.session, row);
  store<u32>(trainer.fresh + (<usize>row << 2), 1);
}

/** u32[rows]: which streams are at their beginning. */
export function trainerFresh(at: usize): usize {
  return changetype<Trainer>(at).fresh;
}
