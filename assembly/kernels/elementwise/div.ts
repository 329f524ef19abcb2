// out = a / b, value by value. Operands: kernels/elementwise/pairs.ts.
//
// Backward: da += dout / b, db -= dout out / b. It reads b and out, so out has a buffer of its own. Padding lanes, 0 / 0,
// are neither computed nor flowed back through. Scalar: no model spends time here.

import { BackwardRecord, give } from '../../memory/backward-record';
import { OpRecord } from '../../memory/op-record';
import { laneAt } from '../../memory/lanes';

export function divOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  for (let r: usize = row; r < <usize>(row + rows); r++) {
    const a = op.a + r * op.aRow, b = op.b + r * op.bRow, out = op.c + r * op.cRow;
    for (let i = 0; i < op.n; i++) {
      store<f32>(laneAt(out, op.cPanel, i), load<f32>(laneAt(a, op.aPanel, i)) / load<f32>(laneAt(b, op.bPanel, i)));
    }
  }
}

export function divBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  for (let r: usize = row; r < <usize>(row + rows); r++) {
    for (let i = 0; i < op.n; i++) {
      const at = laneAt(r * op.cRow, op.cPanel, i);
      const d = load<f32>(record.dc + at) / load<f32>(op.b + at);
      give(record.da, record.dc, at, d);
      give(record.db, record.dc, at, -d * load<f32>(op.c + at));
    }
  }
}
