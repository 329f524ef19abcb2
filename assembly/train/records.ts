// The op records of a trainer's session and, beside them, the backward records.

import { BACKWARD_RECORD, BackwardRecord } from '../memory/backward-record';
import { OPERAND, OPERANDS, OP_RECORD, OpRecord } from '../memory/op-record';
import { countOf, entry, opEntry, operandBase, operandIndex, operandOf, operandOffset } from '../plan/image';
import { Session, bufferAddress, strideOf } from '../plan/session';
import { Base, Direction, OpCode, SectionKind } from '../shared/codes';
import { Header, OpEntry, StateEntry } from '../shared/plan';
import { dropout, dropoutBackward, dropoutNode } from './dropout';
import {
  columnsOfStates, gradientBytes, isGates, isInput, sectionOfOp, tapeBytes, tapePanel, transposedBytes, wantsTranspose,
} from './needs';
import { watchLstm, watchState } from './flow';
import { changes, moves, readsMoving, trains } from './frozen';
import { backwardOf, givesState, outputOperand, parametersOf, statesWritten } from './table';
import { recordState } from './tape';
import { Trainer } from './trainer';

/** Sets the session's ops to the plan's, with a dropout before and the records of states behind where they belong. */
export function makeRecords(trainer: Trainer): void {
  const session = changetype<Session>(trainer.session), plan = trainer.plan;
  let mainEnd: usize = 0;
  trainer.opsEnd = trainer.ops;
  trainer.backwardEnd = trainer.backward;
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    const op = opEntry(plan, i);
    if (mainEnd == 0 && sectionOfOp(plan, i) == SectionKind.Encoder) {
      mainEnd = trainer.opsEnd;
      trainer.backwardMainEnd = trainer.backwardEnd;
    }
    if (dropsOut(plan, i)) addDropout(trainer, op, i);
    const record = addOp(trainer);
    memory.copy(changetype<usize>(record), session.ops + <usize>i * OP_RECORD, OP_RECORD);
    if (load<u32>(op, OpEntry.Code) == OpCode.Dropout) becomeDropout(trainer, record, i);
    const own = addBackward(trainer, op, i, record);
    if (trainer.frozen && !(own.run | own.runParameters)) trainer.backwardEnd -= BACKWARD_RECORD;
    const states = statesWritten(load<u32>(op, OpEntry.Code));
    for (let operand = 1; operand <= states; operand++) {
      const state = addStateRecord(trainer, op, operand, record);
      if (trainer.norms && givesState(load<u32>(op, OpEntry.Code))) addWatch(trainer, op, operand, own, state);
    }
  }
  if (mainEnd == 0) {
    mainEnd = trainer.opsEnd;
    trainer.backwardMainEnd = trainer.backwardEnd;
  }
  session.ops = trainer.ops;
  session.opsEnd = mainEnd;
  session.encoderOpsEnd = trainer.opsEnd;
}

function addOp(trainer: Trainer): OpRecord {
  const record = changetype<OpRecord>(trainer.opsEnd);
  trainer.opsEnd += OP_RECORD;
  record.span = OP_RECORD;
  return record;
}

/**
 * Whether product i is the first op to read a value that is no input of the model: there the dropout goes, and every later
 * reader sees what it left. None goes behind a softmax or its logarithm, whose slope at an element depends on all values of
 * the row, the dropped ones too.
 */
export function dropsOut(plan: usize, i: u32): bool {
  const product = opEntry(plan, i), x = operandOf(product, 0);
  if (!isInputProduct(plan, i) || operandBase(product, 0) != Base.Buffer) return false;
  if (isInput(plan, operandIndex(product, 0))) return false;
  for (let j: u32 = 0; j < i; j++) {
    const op = opEntry(plan, j), code = load<u32>(op, OpEntry.Code);
    if (reads(op, x)) return false;
    if ((code == OpCode.Softmax || code == OpCode.LogSoftmax) && operandOf(op, 1) == x) return false;
  }
  return true;
}

/** Whether an op reads a buffer that it does not write. */
function reads(op: usize, x: u32): bool {
  const out = outputOperand(load<u32>(op, OpEntry.Code));
  if (operandOf(op, out) == x) return false;
  for (let operand = 0; operand < 4; operand++) if (operandOf(op, operand) == x) return true;
  return false;
}

/** One that begins with a bias: what an adapter adds goes with the product that it is added to. */
function isInputProduct(plan: usize, i: u32): bool {
  const op = opEntry(plan, i);
  return load<u32>(op, OpEntry.Code) == OpCode.MatvecF32 && load<u32>(op, OpEntry.Direction) == Direction.None
    && operandBase(op, 2) != Base.None;
}

/** Whether product i of the main section stands behind all that goes through time. */
function isHead(plan: usize, i: u32): bool {
  if (sectionOfOp(plan, i) != SectionKind.Main) return false;
  for (let j = i + 1; j < countOf(plan, Header.Ops) && sectionOfOp(plan, j) == SectionKind.Main; j++) {
    const direction = load<u32>(opEntry(plan, j), OpEntry.Direction);
    if (direction == Direction.Forward || direction == Direction.Backward) return false;
  }
  return true;
}

/** The op of a dropout node: with masks of its own. */
function becomeDropout(trainer: Trainer, record: OpRecord, i: u32): void {
  record.run = dropoutNode.index;
  record.k = i;
  record.c = trainer.dropout;
}

function addDropout(trainer: Trainer, op: usize, i: u32): void {
  const record = addOp(trainer), x = operandIndex(op, 0);
  record.run = dropout.index;
  record.direction = Direction.None;
  record.k = i;
  record.m = isHead(trainer.plan, i) ? 1 : 0;
  record.n = load<u32>(op, OpEntry.K);
  record.session = trainer.session;
  record.a = bufferAddress(changetype<Session>(trainer.session), x);
  record.aPanel = strideOf(changetype<Session>(trainer.session), x);
  record.c = trainer.dropout;
  if (!moves(trainer, op, 0)) return;
  const backward = addBackwardRecord(trainer, record);
  backward.run = dropoutBackward.index;
  backward.da = bufferGradient(trainer, x);
}

function addStateRecord(trainer: Trainer, op: usize, operand: i32, cell: OpRecord): OpRecord {
  const record = addOp(trainer), from = changetype<usize>(cell) + OPERANDS + <usize>operand * OPERAND;
  record.run = recordState.index;
  record.direction = cell.direction;
  record.n = load<u32>(entry(trainer.plan, Header.States, operandIndex(op, operand)), StateEntry.Size);
  record.a = load<usize>(from);
  record.aPanel = load<usize>(from, 4);
  record.session = trainer.session;
  record.b = tapeAddress(trainer, operandIndex(op, operand)) + (<usize>max(afterOf(trainer, cell), 0));
  record.bPanel = tapePanelOf(trainer, operandIndex(op, operand));
  return record;
}

/** Behind the cell in their order, so before it when they flow back; of the main section alone. */
function addWatch(trainer: Trainer, op: usize, operand: i32, cell: BackwardRecord, state: OpRecord): void {
  const index = operandIndex(op, operand), code = load<u32>(op, OpEntry.Code);
  if (load<u32>(entry(trainer.plan, Header.States, index), StateEntry.Section) != SectionKind.Main) return;
  const record = addBackwardRecord(trainer, state);
  if (operand < statesWritten(code)) { // c of an LSTM
    memory.copy(changetype<usize>(record), changetype<usize>(cell), BACKWARD_RECORD);
    record.run = watchLstm.index;
    record.runParameters = 0;
    record.transposed = 0;
  } else {
    const out = outputOperand(code);
    record.run = watchState.index;
    record.da = gradientAddress(trainer, op, operand);
    record.db = gradientAddress(trainer, op, out);
    record.tapeBPanel = load<usize>(changetype<usize>(cell.op) + OPERANDS + <usize>out * OPERAND, 4);
  }
  record.scratch = trainer.norms + (<usize>(<i32>index * trainer.chunks * trainer.chunk) << 3);
}

/** Bytes on the tape from the state before a timestep to the one after it. */
function afterOf(trainer: Trainer, op: OpRecord): i32 {
  return op.direction == Direction.Backward ? -(trainer.rows << 6) : trainer.rows << 6;
}

function tapePanelOf(trainer: Trainer, state: u32): usize {
  return tapePanel(trainer, load<u32>(entry(trainer.plan, Header.States, state), StateEntry.Section));
}

function addBackwardRecord(trainer: Trainer, op: OpRecord): BackwardRecord {
  const record = changetype<BackwardRecord>(trainer.backwardEnd);
  trainer.backwardEnd += BACKWARD_RECORD;
  memory.fill(changetype<usize>(record), 0, BACKWARD_RECORD);
  record.op = op;
  record.scratch = trainer.scratch;
  return record;
}

function addBackward(trainer: Trainer, op: usize, i: u32, forward: OpRecord): BackwardRecord {
  const record = addBackwardRecord(trainer, forward), plan = trainer.plan;
  const flows = readsMoving(trainer, op), code = load<u32>(op, OpEntry.Code);
  record.run = flows ? backwardOf(code) : 0;
  record.runParameters = trains(trainer, op) ? parametersOf(code) : 0;
  record.da = gradientAddress(trainer, op, 0);
  record.db = gradientAddress(trainer, op, 1);
  record.dc = gradientAddress(trainer, op, 2);
  record.dd = gradientAddress(trainer, op, 3);
  record.de = gradientAddress(trainer, op, 4);
  record.after = afterOf(trainer, forward);
  record.tapeA = beforeAddress(trainer, op, 0, forward.a, record.after);
  record.tapeAPanel = isState(op, 0) ? tapePanelOf(trainer, operandIndex(op, 0)) : forward.aPanel;
  record.tapeB = beforeAddress(trainer, op, 1, forward.b, record.after);
  record.tapeBPanel = isState(op, 1) ? tapePanelOf(trainer, operandIndex(op, 1)) : forward.bPanel;
  // beside the gradient of a matrix that of its bias is nothing
  if (code == OpCode.MatvecF32 && !changes(trainer, op, 1)) record.db = 0;
  if (flows && wantsTranspose(trainer, i)) {
    record.transposed = trainer.transposed + <usize>transposedBytes(trainer, i);
    record.transposedPanel = <usize>forward.n << 6;
  }
  return record;
}

function isState(op: usize, operand: i32): bool {
  return operandBase(op, operand) == Base.State;
}

/** Of the operand before each timestep: the tape of a state, or what else the operand is. */
function beforeAddress(trainer: Trainer, op: usize, operand: i32, address: usize, after: i32): usize {
  if (!isState(op, operand)) return address;
  return tapeAddress(trainer, operandIndex(op, operand)) + <usize>max(-after, 0);
}

function gradientAddress(trainer: Trainer, op: usize, operand: i32): usize {
  const index = operandIndex(op, operand), offset = operandOffset(op, operand);
  switch (operandBase(op, operand)) {
    case Base.Plan: return trainer.parameterGradients + (trainer.plan + offset - trainer.parameters);
    case Base.State:
      return trainer.stateGradients + (<usize>columnsOfStates(trainer.plan, index) * <usize>trainer.rows << 2);
    case Base.Buffer:
    case Base.Encoded: {
      const gradient = bufferGradient(trainer, index), stride = strideOf(changetype<Session>(trainer.session), index);
      return gradient ? gradient + <usize>(offset >> 4) * stride : 0;
    }
    default: return 0;
  }
}

/** Address of a buffer's gradient; 0 for an input. */
export function bufferGradient(trainer: Trainer, buffer: u32): usize {
  const plan = trainer.plan;
  if (isInput(plan, buffer)) return 0;
  if (isGates(plan, buffer)) return bufferAddress(changetype<Session>(trainer.session), buffer);
  return trainer.gradients + <usize>gradientBytes(trainer, buffer);
}

export function tapeAddress(trainer: Trainer, state: u32): usize {
  return trainer.tape + <usize>tapeBytes(trainer, state);
}
