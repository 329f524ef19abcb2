// The elementwise ops and softmax. Operands: a = x, b = y, both buffers.

import { copyPanel } from '../../memory/copy';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { softmax } from '../softmax/f32';
import { reluPanels, sigmoidPanels, tanhPanels } from './panels';

export function sigmoidOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  sigmoidPanels(x(op, row, 0), y(op, row, 0), op.aPanel, columnsOf(op.n) >> 4, rows);
  clearPadding(op, row, rows);
}

export function tanhOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  tanhPanels(x(op, row, 0), y(op, row, 0), op.aPanel, columnsOf(op.n) >> 4, rows);
}

export function reluOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  reluPanels(x(op, row, 0), y(op, row, 0), op.aPanel, columnsOf(op.n) >> 4, rows);
}

export function softmaxOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4;
  for (let r = row; r < row + rows; r++) {
    for (let p = 0; p < panels; p++) copyPanel(op.scratch + (<usize>p << 6), x(op, r, p));
    softmax(op.scratch, op.scratch, op.n);
    for (let p = 0; p < panels; p++) copyPanel(y(op, r, p), op.scratch + (<usize>p << 6));
  }
  clearPadding(op, row, rows);
}

// @ts-ignore: decorator
@inline
function x(op: OpRecord, row: i32, panel: i32): usize {
  return op.a + <usize>row * op.aRow + <usize>panel * op.aPanel;
}

// @ts-ignore: decorator
@inline
function y(op: OpRecord, row: i32, panel: i32): usize {
  return op.b + <usize>row * op.bRow + <usize>panel * op.bPanel;
}

/** Lanes behind the last column are zero after every op; sigmoid and softmax would leave something else there. */
function clearPadding(op: OpRecord, row: i32, rows: i32): void {
  const rest = <usize>(op.n & 15);
  if (rest == 0) return;
  for (let r = row; r < row + rows; r++) memory.fill(y(op, r, op.n >> 4) + (rest << 2), 0, (16 - rest) << 2);
}
