// Laying a session out: addresses of all its parts, records with addresses instead of indices, initial states.

import { isInt8Pair, matvecInt8PairOp } from '../kernels/matvec/op';
import { OPERAND, OPERANDS, OP_RECORD, OpRecord, columnsOf } from '../memory/op-record';
import { paddedRows } from '../memory/rows';
import { Base, Direction, InputKind, SectionKind } from '../shared/codes';
import { BufferEntry, Header, InputEntry, OpEntry, SectionEntry, StateEntry } from '../shared/plan';
import { countOf, entry, opEntry, operandOf, operandOffset } from './image';
import { isPrivate } from './operands';
import {
  HEADER, INPUT_RECORD, InputRecord, Session, bufferAddress, lengthBytes, oneBufferBytes, recordBytes, sectionOf,
  sessionBytes, setReadiness, stateAddress, stateBytes, strideOf,
} from './session';
import { resetStates } from './states';
import { runnerOf } from './table';

/** Lays the session out in the block at `at`: initial states, all buffers zero. */
export function sessionInit(at: usize, plan: usize, rows: i32, chunk: i32, encoderChunk: i32): void {
  memory.fill(at, 0, sessionBytes(plan, rows, chunk, encoderChunk));
  const session = changetype<Session>(at);
  session.plan = plan;
  session.rows = rows;
  session.chunk = chunk;
  session.encoderChunk = encoderChunk;
  session.panelStride = <u32>paddedRows(rows * chunk) << 6;
  session.encoderStride = <u32>paddedRows(rows * encoderChunk) << 6;
  session.stateBytes = <u32>stateBytes(plan, rows);
  session.scratch = placeParts(session);
  for (let i: u32 = 0; i < countOf(plan, Header.Inputs); i++) resolveInput(session, i);
  makeOps(session);
  for (let row = 0; row < rows; row++) resetStates(session, row);
}

/**
 * The session computes from now on with `weights` of its own, as many bytes as the plan says; 0 for none. They are read
 * where they are. States stay.
 */
export function sessionAdapt(at: usize, weights: usize): void {
  const session = changetype<Session>(at);
  session.weights = weights;
  makeOps(session);
}

/** The records of all ops that run in this session, the encoder's behind. */
function makeOps(session: Session): void {
  const plan = session.plan, main = load<u32>(entry(plan, Header.Sections, 0), SectionEntry.OpCount);
  let streams = true, at = session.ops;
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    if (i == main) session.opsEnd = at;
    const op = opEntry(plan, i), record = changetype<OpRecord>(at);
    if (isPrivate(op) && !session.weights) continue;
    resolveOp(session, op, record);
    if (i < main && record.direction == Direction.Backward) streams = false;
    at += OP_RECORD;
  }
  session.encoderOpsEnd = at;
  if (countOf(plan, Header.Ops) == main) session.opsEnd = at;
  setReadiness(session, streams);
  if (session.rows * session.chunk == 1) pairProducts(session);
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

/** Sets all addresses of the block but the ends of the ops; returns the one behind the last buffer. */
function placeParts(session: Session): usize {
  const plan = session.plan, at = changetype<usize>(session), rows = session.rows;
  session.states = at + <usize>HEADER;
  session.buffers = session.states + (<usize>countOf(plan, Header.States) << 2);
  session.inputs = session.buffers + (<usize>countOf(plan, Header.Buffers) << 2);
  session.encoderInputsEnd = session.inputs + <usize>countOf(plan, Header.Inputs) * INPUT_RECORD;
  session.inputsEnd = session.inputs + <usize>mainInputs(plan) * INPUT_RECORD;
  session.ops = session.encoderInputsEnd;
  session.lengths = at + <usize>recordBytes(plan);
  session.memoryLengths = session.lengths + <usize>lengthBytes(rows);
  session.firstState = session.memoryLengths + <usize>lengthBytes(rows);
  session.aside = placeStates(session);
  return placeBuffers(session, session.aside + session.stateBytes);
}

/** The inputs of the encoder come behind those of the main section. */
function mainInputs(plan: usize): u32 {
  let i: u32 = 0;
  while (i < countOf(plan, Header.Inputs) && sectionOf(plan, inputBuffer(plan, i)) == SectionKind.Main) i++;
  return i;
}

function inputBuffer(plan: usize, i: u32): u32 {
  return load<u32>(entry(plan, Header.Inputs, i), InputEntry.Buffer);
}

function placeStates(session: Session): usize {
  let address = session.firstState;
  for (let i: u32 = 0; i < countOf(session.plan, Header.States); i++) {
    store<usize>(session.states + (<usize>i << 2), address);
    const size = load<u32>(entry(session.plan, Header.States, i), StateEntry.Size);
    address += <usize>columnsOf(size) * <usize>session.rows << 2;
  }
  return address;
}

function placeBuffers(session: Session, address: usize): usize {
  const rows = session.rows * session.chunk, encoderRows = session.rows * session.encoderChunk;
  for (let i: u32 = 0; i < countOf(session.plan, Header.Buffers); i++) {
    store<usize>(session.buffers + (<usize>i << 2), address);
    address += <usize>oneBufferBytes(session.plan, i, rows, encoderRows);
  }
  return address;
}

function resolveInput(session: Session, i: u32): void {
  const input = entry(session.plan, Header.Inputs, i), buffer = inputBuffer(session.plan, i);
  const record = changetype<InputRecord>(session.inputs + <usize>i * INPUT_RECORD);
  record.address = bufferAddress(session, buffer);
  record.kind = load<u32>(input, InputEntry.Kind);
  record.size = load<u32>(input, InputEntry.Size);
  record.panels = record.kind == InputKind.Tokens ? 0 : <u32>columnsOf(record.size) >> 4;
  record.stride = strideOf(session, buffer);
}

function resolveOp(session: Session, op: usize, record: OpRecord): void {
  record.session = changetype<usize>(session);
  record.scratch = session.scratch;
  record.span = OP_RECORD;
  record.run = runnerOf(load<u32>(op, OpEntry.Code));
  record.direction = load<u32>(op, OpEntry.Direction);
  record.k = load<u32>(op, OpEntry.K);
  record.n = load<u32>(op, OpEntry.N);
  record.m = load<u32>(op, OpEntry.M);
  record.qmax = load<u32>(op, OpEntry.Qmax);
  for (let i: u32 = 0; i < 5; i++) {
    const operand = changetype<usize>(record) + OPERANDS + <usize>i * OPERAND;
    resolveOperand(session, operandOf(op, i), operandOffset(op, i), operand);
  }
}

function resolveOperand(session: Session, what: u32, offset: u32, operand: usize): void {
  let address: usize = 0, panel: usize = 64, row: usize = 0;
  const index = what >> 8, base = what & 0xff;
  switch (base) {
    case Base.Plan: address = session.plan + offset; break;
    case Base.Private: address = session.weights + offset; break;
    case Base.State:
      address = stateAddress(changetype<usize>(session), index);
      panel = <usize>session.rows << 6;
      break;
    case Base.Buffer:
    case Base.Encoded: {
      const kind = load<u32>(entry(session.plan, Header.Buffers, index), BufferEntry.Kind);
      panel = strideOf(session, index);
      row = base == Base.Encoded ? 0 : kind == InputKind.Tokens ? 4 : 64;
      address = bufferAddress(session, index) + <usize>(offset >> 4) * panel;
      break;
    }
  }
  store<usize>(operand, address);
  store<usize>(operand, panel, 4);
  store<usize>(operand, row, 8);
}
