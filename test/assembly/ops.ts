// One op and its backward half, for tests that set what a session would resolve. Operands are numbered from 0, a.

import { BACKWARD_RECORD, BackwardRecord } from '../../assembly/memory/backward-record';
import { OPERAND, OPERANDS, OP_RECORD, OpRecord } from '../../assembly/memory/op-record';
import { runnerOf } from '../../assembly/plan/table';
import { backwardOf, parametersOf } from '../../assembly/train/table';

const OP: usize = memory.data(256, 16);
const BACKWARD: usize = memory.data(256, 16);

/** Clears both records. `scratch`: room for whatever the op wants. */
export function setSizes(k: i32, n: i32, m: i32, scratch: usize): void {
  memory.fill(OP, 0, OP_RECORD);
  memory.fill(BACKWARD, 0, BACKWARD_RECORD);
  const op = changetype<OpRecord>(OP), record = changetype<BackwardRecord>(BACKWARD);
  op.k = k; op.n = n; op.m = m; op.scratch = scratch;
  record.op = op; record.scratch = scratch;
}

export function setOperand(i: i32, address: usize, panel: usize, row: usize): void {
  const operand = OP + OPERANDS + <usize>i * OPERAND;
  store<usize>(operand, address); store<usize>(operand, panel, 4); store<usize>(operand, row, 8);
}

export function setGradient(i: i32, address: usize): void {
  store<usize>(BACKWARD + (<usize>i << 2), address, offsetof<BackwardRecord>('da'));
}

/** Of operand a or b. */
export function setTape(i: i32, address: usize, panel: usize): void {
  const tape = BACKWARD + (<usize>i << 3);
  store<usize>(tape, address, offsetof<BackwardRecord>('tapeA'));
  store<usize>(tape, panel, offsetof<BackwardRecord>('tapeAPanel'));
}

export function opRun(code: i32, row: i32, rows: i32): void {
  call_indirect<void>(runnerOf(code), OP, row, rows);
}

export function opRunBackward(code: i32, row: i32, rows: i32): void {
  call_indirect<void>(backwardOf(code), BACKWARD, row, rows);
}

export function opRunParameters(code: i32, rows: i32): void {
  call_indirect<void>(parametersOf(code), BACKWARD, rows);
}
