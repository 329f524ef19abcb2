// A session: one block that holds all that one stream, or `rows` streams in step, changes.
//
//   header | addresses of states | of buffers | inputs | op records | lengths | lengths of the memory | states
//          | states kept aside | buffers | scratch
//
// A buffer of the main section has rows * chunk rows, one of the encoder rows * encoderChunk, row = timestep * rows + stream,
// and one more where that is even; a state has `rows`.

import { OP_RECORD, columnsOf } from '../memory/op-record';
import { paddedRows } from '../memory/rows';
import { SectionKind, Status } from '../shared/codes';
import { BufferEntry, Header, OutputEntry, StateEntry } from '../shared/plan';
import { countOf, entry } from './image';
import { scratchBytes } from './scratch';

@unmanaged
export class Session {
  plan: usize;
  rows: i32;
  /** The most timesteps of the main section, and of the encoder. */
  chunk: i32;
  encoderChunk: i32;
  /** Addresses of the states, of the buffers, of the inputs' records and of the op records, the encoder's behind. */
  states: usize;
  buffers: usize;
  inputs: usize;
  inputsEnd: usize;
  encoderInputsEnd: usize;
  ops: usize;
  opsEnd: usize;
  encoderOpsEnd: usize;
  /** u32[rows]: the timesteps of each stream in a ragged sequence. */
  lengths: usize;
  /** Of the sequence that is running: the timesteps of each stream, and the timestep at which the first one is over. */
  running: usize;
  over: i32;
  /** What the encoder has left: its timesteps, 0 before its first sequence, and those of each stream, u32[rows]. */
  encoded: i32;
  memoryLengths: usize;
  /** The bytes of all states, which follow each other, and as many to keep some of them aside. */
  firstState: usize;
  stateBytes: u32;
  aside: usize;
  /** Bytes from a panel of a buffer to the next, in the main section and in the encoder. */
  panelStride: u32;
  encoderStride: u32;
  /** What a step answers before it looks at its inputs: NotStreamable, NotEncoded or Ok. */
  readiness: i32;
  /** The session's own weights, which lie elsewhere; 0 for none, and then the ops that want them are left out. */
  weights: usize;
  /** Room for what lives no longer than an op. */
  scratch: usize;
}

/** What a step checks before it runs. */
@unmanaged
export class InputRecord {
  address: usize;
  kind: u32;
  size: u32;
  panels: u32;
  /** Bytes from a panel to the next. */
  stride: u32;
}

export const HEADER: u64 = 128;
export const INPUT_RECORD: usize = 20;

/**
 * Bytes of a session of a validated plan; 0 where they do not fit an address space of 2 GiB, or where `encoderChunk` is not
 * 0 and the plan has no encoder.
 */
export function sessionBytes(plan: usize, rows: i32, chunk: i32, encoderChunk: i32): u32 {
  if (!fits(rows, chunk) || (hasEncoder(plan) ? !fits(rows, encoderChunk) : encoderChunk != 0)) return 0;
  const bytes = recordBytes(plan) + lengthBytes(rows) * 2 + stateBytes(plan, rows) * 2
    + bufferBytes(plan, rows * chunk, rows * encoderChunk) + scratchBytes(plan, rows, chunk, encoderChunk);
  return bytes > 0x7fff0000 ? 0 : <u32>bytes;
}

function fits(rows: i32, timesteps: i32): bool {
  return rows >= 1 && timesteps >= 1 && <i64>rows * <i64>timesteps <= 0x100000;
}

export function hasEncoder(plan: usize): bool {
  return countOf(plan, Header.Sections) > 1;
}

/** Bytes from a panel of a buffer to the next: of the main section, and of the encoder. */
export function panelStride(at: usize): u32 {
  return changetype<Session>(at).panelStride;
}

export function encoderStride(at: usize): u32 {
  return changetype<Session>(at).encoderStride;
}

/** u32[rows] each: the lengths of a ragged sequence, and of what the encoder has read. */
export function lengthsAddress(at: usize): usize {
  return changetype<Session>(at).lengths;
}

export function memoryLengthsAddress(at: usize): usize {
  return changetype<Session>(at).memoryLengths;
}

export function stateAddress(at: usize, i: u32): usize {
  return load<usize>(changetype<Session>(at).states + (<usize>i << 2));
}

export function inputAddress(at: usize, i: u32): usize {
  return changetype<InputRecord>(changetype<Session>(at).inputs + <usize>i * INPUT_RECORD).address;
}

export function outputAddress(at: usize, i: u32): usize {
  const session = changetype<Session>(at);
  return bufferAddress(session, load<u32>(entry(session.plan, Header.Outputs, i), OutputEntry.Buffer));
}

export function bufferAddress(session: Session, i: u32): usize {
  return load<usize>(session.buffers + (<usize>i << 2));
}

/** The section of buffer i. */
export function sectionOf(plan: usize, buffer: u32): u32 {
  return load<u32>(entry(plan, Header.Buffers, buffer), BufferEntry.Section);
}

/** Bytes from a panel of buffer i to the next. */
export function strideOf(session: Session, buffer: u32): u32 {
  return sectionOf(session.plan, buffer) == SectionKind.Main ? session.panelStride : session.encoderStride;
}

export function recordBytes(plan: usize): u64 {
  const addresses = <u64>(countOf(plan, Header.States) + countOf(plan, Header.Buffers)) << 2;
  const inputs = <u64>countOf(plan, Header.Inputs) * INPUT_RECORD;
  return HEADER + addresses + inputs + <u64>countOf(plan, Header.Ops) * OP_RECORD + 63 & ~63;
}

export function lengthBytes(rows: i32): u64 {
  return (<u64>rows << 2) + 63 & ~63;
}

export function stateBytes(plan: usize, rows: i32): u64 {
  let columns: u64 = 0;
  for (let i: u32 = 0; i < countOf(plan, Header.States); i++) {
    columns += columnsOf(load<u32>(entry(plan, Header.States, i), StateEntry.Size));
  }
  return columns * rows << 2;
}

function bufferBytes(plan: usize, rows: i32, encoderRows: i32): u64 {
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < countOf(plan, Header.Buffers); i++) bytes += oneBufferBytes(plan, i, rows, encoderRows);
  return bytes;
}

export function oneBufferBytes(plan: usize, i: u32, rows: i32, encoderRows: i32): u64 {
  const all = sectionOf(plan, i) == SectionKind.Main ? rows : encoderRows;
  return (<u64>load<u32>(entry(plan, Header.Buffers, i), BufferEntry.Columns) * paddedRows(all) * 4 + 63) & ~63;
}

/** Whether a step can go, or why not: an op of the main section runs backward in time, or the encoder has not run yet. */
export function setReadiness(session: Session, streams: bool): void {
  session.readiness = !streams ? Status.NotStreamable : waitsForEncoder(session) ? Status.NotEncoded : Status.Ok;
}

/** Whether there is an encoder that has not run yet. */
export function waitsForEncoder(session: Session): bool {
  return session.encoderOpsEnd != session.opsEnd && session.encoded == 0;
}

/** Whether the plan of a session can go timestep by timestep. */
export function streams(at: usize): bool {
  return changetype<Session>(at).readiness != Status.NotStreamable;
}
