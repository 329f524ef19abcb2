// The state of a GRU whose gates are activated by ops of their own: h ← n + z (h - n).
//
// Operands: a = z, b = h, c = y, d = n.
//
// Backward, with dh what flows back from y and from the next timestep:
//   dn += dh (1 - z)   dz += dh (h₋₁ - n)   dh ← dh z (the recurrent products add their shares)

import { BackwardRecord, give, giveVector } from '../memory/backward-record';
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
    const z = from + p * op.aPanel, n = from + p * op.dPanel, y = from + p * op.cPanel;
    const before = record.tapeB + from + p * record.tapeBPanel, dh = record.db + p * op.bPanel;
    if (ASC_FEATURE_SIMD) backwardSimd(record, z, n, y, before, dh, bytes);
    else backwardScalar(record, z, n, y, before, dh, bytes);
  }
}

/** z, n, y: where the panel lies in those operands. */
function backwardScalar(
  record: BackwardRecord, z: usize, n: usize, y: usize, before: usize, dh: usize, bytes: usize,
): void {
  const op = record.op;
  for (const end = dh + bytes; dh < end; dh += 4) {
    const vz = load<f32>(op.a + z), d = load<f32>(dh) + load<f32>(record.dc + y);
    const dz = d * (load<f32>(before) - load<f32>(op.d + n));
    give(record.da, record.dc, z, dz);
    give(record.dd, record.dc, n, d * (1 - vz));
    store<f32>(dh, d * vz);
    z += 4; n += 4; y += 4; before += 4;
  }
}

function backwardSimd(
  record: BackwardRecord, z: usize, n: usize, y: usize, before: usize, dh: usize, bytes: usize,
): void {
  const op = record.op, one = f32x4.splat(1);
  for (const end = dh + bytes; dh < end; dh += 16) {
    const vz = v128.load(op.a + z), d = f32x4.add(v128.load(dh), v128.load(record.dc + y));
    const dz = f32x4.mul(d, f32x4.sub(v128.load(before), v128.load(op.d + n)));
    giveVector(record.da, record.dc, z, dz);
    giveVector(record.dd, record.dc, n, f32x4.mul(d, f32x4.sub(one, vz)));
    v128.store(dh, f32x4.mul(d, vz));
    z += 16; n += 16; y += 16; before += 16;
  }
}
