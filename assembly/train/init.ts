import { Header, OutputEntry } from '../shared/plan';
import { countOf, entry } from '../plan/image';
import { sessionInit } from '../plan/init';
import { outputAddress, sessionBytes } from '../plan/session';
import { sessionReset, sessionResetRow } from '../plan/states';
import { bufferGradient, makeRecords } from './records';
import { Trainer, layOut } from './trainer';

/** Room for a header that is laid out only to learn where the block would end. */
const DRAFT: usize = memory.data(256);

/** Bytes of a trainer of a validated float32 plan; 0 where they do not fit an address space of 2 GiB. */
export function trainerBytes(plan: usize, rows: i32, chunk: i32, encoderChunk: i32): u32 {
  if (sessionBytes(plan, rows, chunk, encoderChunk) == 0 || countOf(plan, Header.Outputs) == 0) return 0;
  const bytes = layOut(changetype<Trainer>(DRAFT), 0, plan, rows, chunk, encoderChunk);
  return bytes > 0x7fff0000 ? 0 : <u32>bytes;
}

/** Lays the trainer out in the block at `at`: the zero state, rows weighing 1, no dropout, nothing trainable yet. */
export function trainerInit(at: usize, plan: usize, rows: i32, chunk: i32, encoderChunk: i32): void {
  memory.fill(at, 0, trainerBytes(plan, rows, chunk, encoderChunk));
  const trainer = changetype<Trainer>(at);
  layOut(trainer, at, plan, rows, chunk, encoderChunk);
  sessionInit(trainer.session, plan, rows, chunk, encoderChunk);
  const output = entry(plan, Header.Outputs, 0);
  trainer.output = outputAddress(trainer.session, 0);
  trainer.outputGradient = bufferGradient(trainer, load<u32>(output, OutputEntry.Buffer));
  trainer.outputSize = load<u32>(output, OutputEntry.Size);
  for (let i = 0; i < rows * chunk; i++) store<f32>(trainer.weights + (<usize>i << 2), 1);
  makeRecords(trainer);
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
