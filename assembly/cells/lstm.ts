// LSTM (Hochreiter & Schmidhuber 1997, Gers et al. 2000), the pointwise half:
//
//   i = σ(gates_i)   f = σ(gates_f)   o = σ(gates_o)   g = tanh(gates_g)
//   c ← f c + i g
//   h ← o tanh(c)
//
// Operands: a = gates [i f o g], b = c, c = h, d = y (h of this timestep, for whoever reads it).

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { constant, sigmoid, tanh, tanhVector } from '../kernels/activation/tanh';
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
