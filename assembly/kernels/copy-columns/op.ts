// out[m … m + n) = x[k … k + n), how values are put together and taken apart. Operands: a = x, b = out, two buffers.
//
// Backward: dx[k … k + n) += dout[m … m + n).

import { BackwardRecord } from '../../memory/backward-record';
import { addPanel, copyRows } from '../../memory/copy';
import { laneAt } from '../../memory/lanes';
import { OpRecord } from '../../memory/op-record';

export function copyColumnsOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), x = op.a + <usize>row * op.aRow, out = op.b + <usize>row * op.bRow;
  const whole = wholeColumns(op);
  copyRows(laneAt(x, op.aPanel, op.k), op.aPanel, laneAt(out, op.bPanel, op.m), op.bPanel, whole, rows);
  for (let i = whole; i < op.n; i++) {
    copyColumn(laneAt(x, op.aPanel, op.k + i), laneAt(out, op.bPanel, op.m + i), rows);
  }
}

/** The first columns that go panel by panel; behind the last there are others' or zeros. */
function wholeColumns(op: OpRecord): i32 {
  return (op.k | op.m) & 15 ? 0 : op.n & ~15;
}

function copyColumn(from: usize, to: usize, rows: i32): void {
  for (; rows > 0; rows--, from += 64, to += 64) store<f32>(to, load<f32>(from));
}

export function copyColumnsBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  if (!record.da) return;
  const dx = record.da + <usize>row * op.aRow, dout = record.db + <usize>row * op.bRow, whole = wholeColumns(op);
  for (let i = 0; i < whole; i += 16) {
    addPanels(laneAt(dx, op.aPanel, op.k + i), laneAt(dout, op.bPanel, op.m + i), rows);
  }
  for (let i = whole; i < op.n; i++) {
    addColumn(laneAt(dx, op.aPanel, op.k + i), laneAt(dout, op.bPanel, op.m + i), rows);
  }
}

function addPanels(to: usize, from: usize, rows: i32): void {
  for (; rows > 0; rows--, to += 64, from += 64) addPanel(to, from);
}

function addColumn(to: usize, from: usize, rows: i32): void {
  for (; rows > 0; rows--, to += 64, from += 64) store<f32>(to, load<f32>(to) + load<f32>(from));
}
