// LSTM (Hochreiter & Schmidhuber 1997, Gers et al. 2000), the pointwise half:
//
//   i = σ(gates_i)   f = σ(gates_f)   o = σ(gates_o)   g = tanh(gates_g)
//   c ← f c + i g
//   h ← o tanh(c)
//
// Operands: a = gates [i f o g], b = c, c = h, d = y (h of this timestep, for whoever reads it).
//
// Backward, with dh what flows back from y and from the next timestep, dc what flows back from the next one, and the
// activated gates replaced by the gradients of their sums:
//
//   dc += dh o (1 - tanh²(c))
//   di = dc g i (1 - i)   df = dc c₋₁ f (1 - f)   do = dh tanh(c) o (1 - o)   dg = dc i (1 - g²)
//   dc ← dc f   dh ← 0 (the recurrent product adds its share)

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { constant, sigmoid, tanh, tanhVector } from '../kernels/activation/tanh';
import { BackwardRecord } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

export function lstm(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, gate = <usize>panels * stride;
  const y = op.d + <usize>row * op.dRow, bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    const i = gates + p * stride, b = op.b + p * op.bPanel, c = op.c + p * op.cPanel;
    if (ASC_FEATURE_SIMD) updateSimd(i, gate, b, c, y + p * op.dPanel, bytes);
    else updateScalar(i, gate, b, c, y + p * op.dPanel, bytes);
  }
}

function updateScalar(i: usize, gate: usize, c: usize, h: usize, y: usize, bytes: usize): void {
  const end = i + bytes, f = gate, o = 2 * gate, g = 3 * gate;
  do {
    store<f32>(i, sigmoid(load<f32>(i)));
    store<f32>(i + f, sigmoid(load<f32>(i + f)));
    store<f32>(i + o, sigmoid(load<f32>(i + o)));
    store<f32>(i + g, tanh(load<f32>(i + g)));
    const cell = flush(load<f32>(i + f) * load<f32>(c) + load<f32>(i) * load<f32>(i + g));
    store<f32>(c, cell);
    const hidden = flush(load<f32>(i + o) * tanh(cell));
    store<f32>(h, hidden); store<f32>(y, hidden);
    i += 4; c += 4; h += 4; y += 4;
  } while (i < end);
}

/**
 * i, f and o lie `gate` bytes apart, and behind one another where the buffer holds just these rows. All loops stand in
 * one function, so that the constants are fetched once: 1 to 5 % of an int8 step at 16 units.
 */
function updateSimd(i: usize, gate: usize, c: usize, h: usize, y: usize, bytes: usize): void {
  const p0 = constant(0), p1 = constant(1), p2 = constant(2), q0 = constant(3), q1 = constant(4), q2 = constant(5);
  const high = constant(6), low = constant(7), half = constant(8), tiny = smallest();
  const adjacent = gate == bytes, span = adjacent ? 3 * bytes : bytes, g = i + 3 * gate;
  let p = i;
  do {
    const end = p + span;
    do {
      const t = tanhVector(f32x4.mul(v128.load(p), half), p0, p1, p2, q0, q1, q2, high, low);
      v128.store(p, f32x4.add(f32x4.mul(t, half), half));
      p += 16;
    } while (p < end);
    p += gate - bytes;
  } while (p < g);
  p = g;
  const end = g + bytes;
  do {
    v128.store(p, tanhVector(v128.load(p), p0, p1, p2, q0, q1, q2, high, low));
    p += 16;
  } while (p < end);
  let f = i + gate, o = f + gate;
  p = g;
  do {
    const cell = flushVector(
      f32x4.add(f32x4.mul(v128.load(f), v128.load(c)), f32x4.mul(v128.load(i), v128.load(p))), tiny,
    );
    v128.store(c, cell);
    const t = tanhVector(cell, p0, p1, p2, q0, q1, q2, high, low);
    const hidden = flushVector(f32x4.mul(v128.load(o), t), tiny);
    v128.store(h, hidden); v128.store(y, hidden);
    i += 16; f += 16; o += 16; p += 16; c += 16; h += 16; y += 16;
  } while (p < end);
}

export function lstmBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const from = <usize>row << 6, bytes = <usize>rows << 6, gate = <usize>panels * stride;
  for (let p: usize = 0; p < <usize>panels; p++) {
    const gates = op.a + from + p * stride, before = record.tapeB + from + p * record.tapeBPanel;
    const dy = record.dd + from + p * op.dPanel, dh = record.dc + p * op.cPanel, dc = record.db + p * op.bPanel;
    if (ASC_FEATURE_SIMD) backwardSimd(gates, gate, before, before + record.after, dy, dh, dc, bytes);
    else backwardScalar(gates, gate, before, before + record.after, dy, dh, dc, bytes);
  }
}

function backwardScalar(
  i: usize, gate: usize, before: usize, c: usize, dy: usize, dh: usize, dc: usize, bytes: usize,
): void {
  const end = i + bytes, f = gate, o = 2 * gate, g = 3 * gate;
  do {
    const vi = load<f32>(i), vf = load<f32>(i + f), vo = load<f32>(i + o), vg = load<f32>(i + g);
    const t = tanh(load<f32>(c)), d = load<f32>(dy) + load<f32>(dh);
    const cell = load<f32>(dc) + d * vo * (1 - t * t);
    store<f32>(i, cell * vg * (vi * (1 - vi)));
    store<f32>(i + f, cell * load<f32>(before) * (vf * (1 - vf)));
    store<f32>(i + o, d * t * (vo * (1 - vo)));
    store<f32>(i + g, cell * vi * (1 - vg * vg));
    store<f32>(dc, cell * vf); store<f32>(dh, 0);
    i += 4; before += 4; c += 4; dy += 4; dh += 4; dc += 4;
  } while (i < end);
}

function backwardSimd(
  i: usize, gate: usize, before: usize, c: usize, dy: usize, dh: usize, dc: usize, bytes: usize,
): void {
  const p0 = constant(0), p1 = constant(1), p2 = constant(2), q0 = constant(3), q1 = constant(4), q2 = constant(5);
  const high = constant(6), low = constant(7), one = f32x4.splat(1), zero = f32x4.splat(0);
  const end = i + bytes;
  let f = i + gate, o = f + gate, g = o + gate;
  do {
    const vi = v128.load(i), vf = v128.load(f), vo = v128.load(o), vg = v128.load(g);
    const t = tanhVector(v128.load(c), p0, p1, p2, q0, q1, q2, high, low);
    const d = f32x4.add(v128.load(dy), v128.load(dh));
    const cell = f32x4.add(v128.load(dc), f32x4.mul(f32x4.mul(d, vo), f32x4.sub(one, f32x4.mul(t, t))));
    v128.store(i, f32x4.mul(f32x4.mul(cell, vg), f32x4.mul(vi, f32x4.sub(one, vi))));
    v128.store(f, f32x4.mul(f32x4.mul(cell, v128.load(before)), f32x4.mul(vf, f32x4.sub(one, vf))));
    v128.store(o, f32x4.mul(f32x4.mul(d, t), f32x4.mul(vo, f32x4.sub(one, vo))));
    v128.store(g, f32x4.mul(f32x4.mul(cell, vi), f32x4.sub(one, f32x4.mul(vg, vg))));
    v128.store(dc, f32x4.mul(cell, vf)); v128.store(dh, zero);
    i += 16; f += 16; o += 16; g += 16; before += 16; c += 16; dy += 16; dh += 16; dc += 16;
  } while (i < end);
}
