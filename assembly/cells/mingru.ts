// minGRU (Feng et al. 2024), the pointwise half: h ← h + z (n - h).
//
// Operands: a = z (activated), b = h, c = y, d = n (activated).
//
// Backward, with dh what flows back from y and from the next timestep:
//   dz += dh (n - h₋₁)   dn += dh z   dh ← dh (1 - z)

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { BackwardRecord, give, giveVector } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

export function minGruState(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const z = op.a + <usize>row * op.aRow, n = op.d + <usize>row * op.dRow, y = op.c + <usize>row * op.cRow;
  const bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    approach(z + p * stride, n + p * op.dPanel, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

/** h = y = h + z (n - h) */
function approach(z: usize, n: usize, h: usize, y: usize, bytes: usize): void {
  const end = z + bytes;
  if (ASC_FEATURE_SIMD) {
    const tiny = smallest();
    do {
      const before = v128.load(h), difference = f32x4.sub(v128.load(n), before);
      const hidden = flushVector(f32x4.add(before, f32x4.mul(v128.load(z), difference)), tiny);
      v128.store(h, hidden); v128.store(y, hidden);
      z += 16; n += 16; h += 16; y += 16;
    } while (z < end);
  } else {
    do {
      const before = load<f32>(h), hidden = flush(before + load<f32>(z) * (load<f32>(n) - before));
      store<f32>(h, hidden); store<f32>(y, hidden);
      z += 4; n += 4; h += 4; y += 4;
    } while (z < end);
  }
}

export function minGruStateBackward(at: usize, row: i32, rows: i32): void {
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
    const dz = d * (load<f32>(op.d + n) - load<f32>(before));
    give(record.da, record.dc, z, dz);
    give(record.dd, record.dc, n, d * vz);
    store<f32>(dh, d * (1 - vz));
    z += 4; n += 4; y += 4; before += 4;
  }
}

function backwardSimd(
  record: BackwardRecord, z: usize, n: usize, y: usize, before: usize, dh: usize, bytes: usize,
): void {
  const op = record.op, one = f32x4.splat(1);
  for (const end = dh + bytes; dh < end; dh += 16) {
    const vz = v128.load(op.a + z), d = f32x4.add(v128.load(dh), v128.load(record.dc + y));
    const dz = f32x4.mul(d, f32x4.sub(v128.load(op.d + n), v128.load(before)));
    giveVector(record.da, record.dc, z, dz);
    giveVector(record.dd, record.dc, n, f32x4.mul(d, vz));
    v128.store(dh, f32x4.mul(d, f32x4.sub(one, vz)));
    z += 16; n += 16; y += 16; before += 16;
  }
}
