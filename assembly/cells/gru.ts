// GRU (Cho et al. 2014), the pointwise halves.
//
// Reset after the product (PyTorch, cuDNN, Keras reset_after):
//   r = σ(gates_r)   z = σ(gates_z)   n = tanh(gates_nx + r gates_nh)
//   h ← n + z (h - n)
// Operands: a = gates [nx r z nh], b = h, c = y.
//
// Reset before it (the original):
//   r = σ(gates_r)   z = σ(gates_z)   rh = r h     (gruReset; a product adds U_n rh to gates_n)
//   n = tanh(gates_n)   h ← n + z (h - n)          (gruBefore)
// Operands: a = gates [r z n], b = h, c = rh or y.
//
// Backward, with dh what flows back from y and from the next timestep, and the activated gates replaced by the
// gradients of their sums:
//   dn = dh (1 - z) (1 - n²)   dz = dh (h₋₁ - n) z (1 - z)   dh ← dh z (the recurrent products add their shares)
// reset after:   dr = dn nh r (1 - r)   dnh = dn r
// reset before:  drh = U_nᵀ dn   dr = drh h₋₁ r (1 - r)   dh += drh r

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { sigmoidPanels, tanhPanels } from '../kernels/activation/panels';
import { constant, tanh, tanhVector } from '../kernels/activation/tanh';
import { multiply } from '../kernels/elementwise/mul';
import { BackwardRecord } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

export function gruAfter(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, gate = <usize>panels * stride;
  const y = op.c + <usize>row * op.cRow, bytes = runBytes(stride, panels, rows);
  sigmoidPanels(gates + gate, gates + gate, stride, 2 * panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    const n = gates + p * stride;
    candidate(n, n + gate, n + 3 * gate, bytes);
    interpolate(n, n + 2 * gate, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

export function gruReset(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, rh = op.c + <usize>row * op.cRow;
  const bytes = runBytes(stride, panels, rows);
  sigmoidPanels(gates, gates, stride, 2 * panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    multiply(gates + p * stride, op.b + p * op.bPanel, rh + p * op.cPanel, bytes);
  }
}

export function gruBefore(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, gate = <usize>panels * stride;
  const y = op.c + <usize>row * op.cRow, bytes = runBytes(stride, panels, rows);
  tanhPanels(gates + 2 * gate, gates + 2 * gate, stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    const z = gates + gate + p * stride;
    interpolate(z + gate, z, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

/** n = tanh(n + r nh) in place. */
function candidate(n: usize, r: usize, nh: usize, bytes: usize): void {
  const end = n + bytes;
  if (ASC_FEATURE_SIMD) {
    const p0 = constant(0), p1 = constant(1), p2 = constant(2), q0 = constant(3), q1 = constant(4), q2 = constant(5);
    const high = constant(6), low = constant(7);
    do {
      const v = f32x4.add(v128.load(n), f32x4.mul(v128.load(r), v128.load(nh)));
      v128.store(n, tanhVector(v, p0, p1, p2, q0, q1, q2, high, low));
      n += 16; r += 16; nh += 16;
    } while (n < end);
  } else {
    do {
      store<f32>(n, tanh(load<f32>(n) + load<f32>(r) * load<f32>(nh)));
      n += 4; r += 4; nh += 4;
    } while (n < end);
  }
}

/** h = y = n + z (h - n) */
export function interpolate(n: usize, z: usize, h: usize, y: usize, bytes: usize): void {
  const end = n + bytes;
  if (ASC_FEATURE_SIMD) {
    const tiny = smallest();
    do {
      const v = v128.load(n), difference = f32x4.sub(v128.load(h), v);
      const hidden = flushVector(f32x4.add(v, f32x4.mul(v128.load(z), difference)), tiny);
      v128.store(h, hidden); v128.store(y, hidden);
      n += 16; z += 16; h += 16; y += 16;
    } while (n < end);
  } else {
    do {
      const v = load<f32>(n), hidden = flush(v + load<f32>(z) * (load<f32>(h) - v));
      store<f32>(h, hidden); store<f32>(y, hidden);
      n += 4; z += 4; h += 4; y += 4;
    } while (n < end);
  }
}

export function gruAfterBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, panels = columnsOf(op.n) >> 4;
  const from = <usize>row << 6, bytes = <usize>rows << 6, gate = <usize>panels * op.aPanel;
  for (let p: usize = 0; p < <usize>panels; p++) {
    const n = op.a + from + p * op.aPanel, before = record.tapeB + from + p * record.tapeBPanel;
    const dy = record.dc + from + p * op.cPanel, dh = record.db + p * op.bPanel;
    if (ASC_FEATURE_SIMD) afterBackwardSimd(n, gate, before, dy, dh, bytes);
    else afterBackwardScalar(n, gate, before, dy, dh, bytes);
  }
}

/** n, r, z and nh lie `gate` bytes apart. */
function afterBackwardScalar(n: usize, gate: usize, before: usize, dy: usize, dh: usize, bytes: usize): void {
  const end = n + bytes, r = gate, z = 2 * gate, nh = 3 * gate;
  do {
    const vn = load<f32>(n), vr = load<f32>(n + r), vz = load<f32>(n + z);
    const d = load<f32>(dy) + load<f32>(dh), rest = <f32>1 - vz, dn = d * rest * (1 - vn * vn);
    store<f32>(n, dn);
    store<f32>(n + r, dn * load<f32>(n + nh) * (vr * (1 - vr)));
    store<f32>(n + z, d * (load<f32>(before) - vn) * (vz * rest));
    store<f32>(n + nh, dn * vr);
    store<f32>(dh, d * vz);
    n += 4; before += 4; dy += 4; dh += 4;
  } while (n < end);
}

function afterBackwardSimd(n: usize, gate: usize, before: usize, dy: usize, dh: usize, bytes: usize): void {
  const one = f32x4.splat(1), end = n + bytes;
  let r = n + gate, z = r + gate, nh = z + gate;
  do {
    const vn = v128.load(n), vr = v128.load(r), vz = v128.load(z);
    const d = f32x4.add(v128.load(dy), v128.load(dh)), rest = f32x4.sub(one, vz);
    const dn = f32x4.mul(f32x4.mul(d, rest), f32x4.sub(one, f32x4.mul(vn, vn)));
    v128.store(n, dn);
    v128.store(r, f32x4.mul(f32x4.mul(dn, v128.load(nh)), f32x4.mul(vr, f32x4.sub(one, vr))));
    v128.store(z, f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(before), vn)), f32x4.mul(vz, rest)));
    v128.store(nh, f32x4.mul(dn, vr));
    v128.store(dh, f32x4.mul(d, vz));
    n += 16; r += 16; z += 16; nh += 16; before += 16; dy += 16; dh += 16;
  } while (n < end);
}

export function gruBeforeBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, panels = columnsOf(op.n) >> 4;
  const from = <usize>row << 6, bytes = <usize>rows << 6, gate = <usize>panels * op.aPanel;
  for (let p: usize = 0; p < <usize>panels; p++) {
    const z = op.a + from + gate + p * op.aPanel, before = record.tapeB + from + p * record.tapeBPanel;
    const dy = record.dc + from + p * op.cPanel, dh = record.db + p * op.bPanel;
    interpolateBackward(z + gate, z, before, dy, dh, bytes);
  }
}

export function gruResetBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, from = <usize>row << 6, bytes = <usize>rows << 6;
  for (let p: usize = 0; p < <usize>columnsOf(op.n) >> 4; p++) {
    const gates = op.a + from + p * op.aPanel, before = record.tapeB + from + p * record.tapeBPanel;
    const drh = record.dc + from + p * op.cPanel, dh = record.db + p * op.bPanel;
    resetBackward(gates, before, drh, dh, bytes);
  }
}

/** r becomes dr. */
function resetBackward(r: usize, before: usize, drh: usize, dh: usize, bytes: usize): void {
  const end = r + bytes;
  if (ASC_FEATURE_SIMD) {
    const one = f32x4.splat(1);
    do {
      const vr = v128.load(r), d = v128.load(drh);
      v128.store(r, f32x4.mul(f32x4.mul(d, v128.load(before)), f32x4.mul(vr, f32x4.sub(one, vr))));
      v128.store(dh, f32x4.add(v128.load(dh), f32x4.mul(d, vr)));
      r += 16; before += 16; drh += 16; dh += 16;
    } while (r < end);
  } else {
    do {
      const vr = load<f32>(r), d = load<f32>(drh);
      store<f32>(r, d * load<f32>(before) * (vr * (1 - vr)));
      store<f32>(dh, load<f32>(dh) + d * vr);
      r += 4; before += 4; drh += 4; dh += 4;
    } while (r < end);
  }
}

/** n and z become dn and dz, dh what flows on to the timestep before. */
function interpolateBackward(n: usize, z: usize, before: usize, dy: usize, dh: usize, bytes: usize): void {
  const end = n + bytes;
  if (ASC_FEATURE_SIMD) {
    const one = f32x4.splat(1);
    do {
      const vn = v128.load(n), vz = v128.load(z), d = f32x4.add(v128.load(dy), v128.load(dh));
      const rest = f32x4.sub(one, vz);
      v128.store(n, f32x4.mul(f32x4.mul(d, rest), f32x4.sub(one, f32x4.mul(vn, vn))));
      v128.store(z, f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(before), vn)), f32x4.mul(vz, rest)));
      v128.store(dh, f32x4.mul(d, vz));
      n += 16; z += 16; before += 16; dy += 16; dh += 16;
    } while (n < end);
  } else {
    do {
      const vn = load<f32>(n), vz = load<f32>(z), d = load<f32>(dy) + load<f32>(dh), rest = <f32>1 - vz;
      store<f32>(n, d * rest * (1 - vn * vn));
      store<f32>(z, d * (load<f32>(before) - vn) * (vz * rest));
      store<f32>(dh, d * vz);
      n += 4; z += 4; before += 4; dy += 4; dh += 4;
    } while (n < end);
  }
}
