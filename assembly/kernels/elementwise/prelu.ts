// out = x where x > 0, else slope x. Operands: a = x, b = slope, constant f32[columnsOf(n)], c = out.
//
// Backward: dx += dout where x > 0, else slope dout; dslope += Σ dout min(x, 0) over all rows. It reads x, so out has a
// buffer of its own. Scalar: no model spends time here.

import { BackwardRecord, give } from '../../memory/backward-record';
import { OpRecord } from '../../memory/op-record';
import { laneAt } from '../../memory/lanes';

export function preluOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  for (let r: usize = row; r < <usize>(row + rows); r++) {
    for (let i = 0; i < op.n; i++) {
      const v = load<f32>(laneAt(op.a + r * op.aRow, op.aPanel, i));
      store<f32>(laneAt(op.c + r * op.cRow, op.cPanel, i), v > 0 ? v : load<f32>(op.b + (<usize>i << 2)) * v);
    }
  }
}

export function preluBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  for (let r: usize = row; r < <usize>(row + rows); r++) {
    for (let i = 0; i < op.n; i++) {
      const at = laneAt(r * op.cRow, op.cPanel, i);
      const slope: f32 = load<f32>(op.a + at) > 0 ? 1 : load<f32>(op.b + (<usize>i << 2));
      give(record.da, record.dc, at, load<f32>(record.dc + at) * slope);
    }
  }
}

export function preluParameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  for (let i = 0; i < op.n; i++) {
    const sum = record.db + (<usize>i << 2);
    for (let r: usize = 0; r < <usize>rows; r++) {
      const at = laneAt(r << 6, op.cPanel, i), v = load<f32>(op.a + at);
      if (v <= 0) store<f32>(sum, load<f32>(sum) + load<f32>(record.dc + at) * v);
    }
  }
}
