// The state of a GRU whose gates are activated by ops of their own: h ← n + z (h - n).
//
// Operands: a = z, b = h, c = y, d = n.
//
// Backward, with dh what flows back from y and from the next timestep:
//   dn += dh (1 - z)   dz += dh (h₋₁ - n)   dh ← dh z (the recurrent products add their shares)

import { BackwardRecord, give } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';
import { interpolate } from './gru';

export function gruState(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const z = op.a + <usize>row * op.aRow, n = op.d + <usize>row * op.dRow, y = op.c + <usize>row * op.cRow;
  const bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    interpolate(n + p * op.dPanel, z + p * stride, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

export function gruStateBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, from = <usize>row << 6, bytes = <usize>rows << 6;
  for (let p: usize = 0; p < <usize>columnsOf(op.n) >> 4; p++) {
    const vz = op.a + from + p * op.aPanel, vn = op.d + from + p * op.dPanel;
    const before = record.tapeB + from + p * record.tapeBPanel, dh = record.db + p * op.bPanel;
    for (let i: usize = 0; i < bytes; i += 4) {
      const z = load<f32>(vz + i), n = load<f32>(vn + i);
      const d = load<f32>(dh + i) + load<f32>(record.dc + from + p * op.cPanel + i);
      give(record.da, record.dc, from + p * op.aPanel + i, d * (load<f32>(before + i) - n));
      give(record.dd, record.dc, from + p * op.dPanel + i, d * (1 - z));
      store<f32>(dh + i, d * z);
    }
  }
}
