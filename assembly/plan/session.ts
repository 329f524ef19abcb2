// A session: one block that holds all that one stream, or `rows` streams in step, changes.
//
//   header | addresses of states | of buffers | inputs | op records | states | buffers | scratch
//
// A buffer has rows * chunk rows, row = timestep * rows + stream, and one more where that is even; a state has `rows`.

import { isInt8Pair, matvecInt8PairOp } from '../kernels/matvec/op';
import { OPERAND, OPERANDS, OP_RECORD, OpRecord, columnsOf } from '../memory/op-record';
import { blockRows, paddedRows } from '../memory/rows';
import { Base, Direction, InputKind, OpCode } from '../shared/codes';
import { BufferEntry, Header, InputEntry, OpEntry, OutputEntry, StateEntry } from '../shared/plan';
import { countOf, entry, opEntry, operandOf, operandOffset } from './image';
import { runnerOf } from './table';

@unmanaged
export class Session {
  plan: usize;
  rows: i32;
  chunk: i32;
  /** Addresses of the states, of the buffers, of the inputs' records, of the op records and of their end. */
  states: usize;
  buffers: usize;
  inputs: usize;
  inputsEnd: usize;
  ops: usize;
  opsEnd: usize;
  /** The bytes of all states, which follow each other. */
  firstState: usize;
  stateBytes: u32;
  /** Bytes from a panel of a buffer to the next. */
  panelStride: u32;
  /** Whether no op runs backward in time, so that the plan can go timestep by timestep. */
  streams: bool;
}

/** What a step checks before it runs. */
@unmanaged
export class InputRecord {
  address: usize;
  kind: u32;
  size: u32;
  panels: u32;
}

const HEADER: u64 = 64;
export const INPUT_RECORD: usize = 16;

/** Bytes of a session of a validated plan; 0 where they do not fit an address space of 2 GiB. */
export function sessionBytes(plan: usize, rows: i32, chunk: i32): u32 {
  if (rows < 1 || chunk < 1 || <i64>rows * <i64>chunk > 0x100000) return 0;
  const bytes = recordBytes(plan) + stateBytes(plan, rows) + bufferBytes(plan, rows * chunk) + scratchBytes(plan, rows * chunk);
  return bytes > 0x7fff0000 ? 0 : <u32>bytes;
}

/** Lays the session out in the block at `at`, all states and buffers zero. */
export function sessionInit(at: usize, plan: usize, rows: i32, chunk: i32): void {
  memory.fill(at, 0, sessionBytes(plan, rows, chunk));
  const session = changetype<Session>(at);
  session.plan = plan;
  session.rows = rows;
  session.chunk = chunk;
  session.panelStride = <u32>paddedRows(rows * chunk) << 6;
  session.states = at + <usize>HEADER;
  session.buffers = session.states + (<usize>countOf(plan, Header.States) << 2);
  session.inputs = aligned(session.buffers + (<usize>countOf(plan, Header.Buffers) << 2), 16);
  session.inputsEnd = session.inputs + <usize>countOf(plan, Header.Inputs) * INPUT_RECORD;
  session.ops = session.inputsEnd;
  session.opsEnd = session.ops + <usize>countOf(plan, Header.Ops) * OP_RECORD;
  session.firstState = at + <usize>recordBytes(plan);
  session.stateBytes = <u32>stateBytes(plan, rows);
  placeStates(session);
  const scratch = placeBuffers(session);
  session.streams = true;
  for (let i: u32 = 0; i < countOf(plan, Header.Inputs); i++) resolveInput(session, i);
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    const record = changetype<OpRecord>(session.ops + <usize>i * OP_RECORD);
    resolveOp(session, opEntry(plan, i), record);
    record.scratch = scratch;
    record.span = OP_RECORD;
    if (record.direction == Direction.Backward) session.streams = false;
  }
  if (rows * chunk == 1) pairProducts(session);
}

/** In a session for single steps the two int8 products of a cell go as one. */
function pairProducts(session: Session): void {
  for (let at = session.ops; at + OP_RECORD < session.opsEnd; at += changetype<OpRecord>(at).span) {
    const op = changetype<OpRecord>(at);
    if (isInt8Pair(op, changetype<OpRecord>(at + OP_RECORD))) {
      op.run = matvecInt8PairOp.index;
      op.span = 2 * OP_RECORD;
    }
  }
}

/** Back to the zero state. */
export function sessionReset(at: usize): void {
  const session = changetype<Session>(at);
  memory.fill(session.firstState, 0, session.stateBytes);
}

/** `to` goes on where `from` is; both are sessions of one plan with as many rows. */
export function copyState(from: usize, to: usize): void {
  const source = changetype<Session>(from), target = changetype<Session>(to);
  memory.copy(target.firstState, source.firstState, source.stateBytes);
}

/** Bytes from a panel of a buffer to the next. */
export function panelStride(at: usize): u32 {
  return changetype<Session>(at).panelStride;
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

function recordBytes(plan: usize): u64 {
  const addresses = <u64>(countOf(plan, Header.States) + countOf(plan, Header.Buffers)) << 2;
  const inputs = <u64>countOf(plan, Header.Inputs) * INPUT_RECORD;
  return (((HEADER + addresses + 15) & ~15) + inputs + <u64>countOf(plan, Header.Ops) * OP_RECORD + 63) & ~63;
}

function stateBytes(plan: usize, rows: i32): u64 {
  let columns: u64 = 0;
  for (let i: u32 = 0; i < countOf(plan, Header.States); i++) {
    columns += columnsOf(load<u32>(entry(plan, Header.States, i), StateEntry.Size));
  }
  return columns * rows << 2;
}

function bufferBytes(plan: usize, rows: i32): u64 {
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < countOf(plan, Header.Buffers); i++) bytes += oneBufferBytes(entry(plan, Header.Buffers, i), rows);
  return bytes;
}

function oneBufferBytes(buffer: usize, rows: i32): u64 {
  return (<u64>load<u32>(buffer, BufferEntry.Columns) * paddedRows(rows) * 4 + 63) & ~63;
}

/** Room for the widest vector that an op flattens or quantizes, and for a block of rows that a product transposes. */
function scratchBytes(plan: usize, rows: i32): u64 {
  let columns: u64 = 16;
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    const op = opEntry(plan, i), k = <u64>columnsOf(load<u32>(op, OpEntry.K));
    const transposed = load<u32>(op, OpEntry.Code) == OpCode.MatvecF32 ? k * blockRows(rows) : k;
    columns = max(columns, max(transposed, <u64>columnsOf(load<u32>(op, OpEntry.N))));
  }
  return columns << 2;
}

function placeStates(session: Session): void {
  let address = session.firstState;
  for (let i: u32 = 0; i < countOf(session.plan, Header.States); i++) {
    store<usize>(session.states + (<usize>i << 2), address);
    const size = load<u32>(entry(session.plan, Header.States, i), StateEntry.Size);
    address += <usize>columnsOf(size) * <usize>session.rows << 2;
  }
}

/** Returns the address behind the last buffer. */
function placeBuffers(session: Session): usize {
  let address = session.firstState + session.stateBytes;
  for (let i: u32 = 0; i < countOf(session.plan, Header.Buffers); i++) {
    store<usize>(session.buffers + (<usize>i << 2), address);
    address += <usize>oneBufferBytes(entry(session.plan, Header.Buffers, i), session.rows * session.chunk);
  }
  return address;
}

function resolveInput(session: Session, i: u32): void {
  const input = entry(session.plan, Header.Inputs, i);
  const record = changetype<InputRecord>(session.inputs + <usize>i * INPUT_RECORD);
  record.address = bufferAddress(session, load<u32>(input, InputEntry.Buffer));
  record.kind = load<u32>(input, InputEntry.Kind);
  record.size = load<u32>(input, InputEntry.Size);
  record.panels = record.kind == InputKind.Tokens ? 0 : <u32>columnsOf(record.size) >> 4;
}

function resolveOp(session: Session, op: usize, record: OpRecord): void {
  record.run = runnerOf(load<u32>(op, OpEntry.Code));
  record.direction = load<u32>(op, OpEntry.Direction);
  record.k = load<u32>(op, OpEntry.K);
  record.n = load<u32>(op, OpEntry.N);
  record.biasColumns = load<u32>(op, OpEntry.BiasColumns);
  record.qmax = load<u32>(op, OpEntry.Qmax);
  for (let i: u32 = 0; i < 5; i++) {
    const operand = changetype<usize>(record) + OPERANDS + <usize>i * OPERAND;
    resolveOperand(session, operandOf(op, i), operandOffset(op, i), operand);
  }
}

function resolveOperand(session: Session, what: u32, offset: u32, operand: usize): void {
  let address: usize = 0, panel: usize = 64, row: usize = 0;
  const index = what >> 8;
  switch (what & 0xff) {
    case Base.Plan: address = session.plan + offset; break;
    case Base.State:
      address = stateAddress(changetype<usize>(session), index);
      panel = <usize>session.rows << 6;
      break;
    case Base.Buffer: {
      const kind = load<u32>(entry(session.plan, Header.Buffers, index), BufferEntry.Kind);
      panel = session.panelStride;
      row = kind == InputKind.Tokens ? 4 : 64;
      address = bufferAddress(session, index) + <usize>(offset >> 4) * panel;
      break;
    }
  }
  store<usize>(operand, address);
  store<usize>(operand, panel, 4);
  store<usize>(operand, row, 8);
}

function aligned(n: usize, to: usize): usize {
  return (n + to - 1) & ~(to - 1);
}
