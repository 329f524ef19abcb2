// LSTM (Hochreiter & Schmidhuber 1997, Gers et al. 2000), the pointwise half:
//
//   i = σ(gates_i)   f = σ(gates_f)   o = σ(gates_o)   g = tanh(gates_g)
//   c ← f c + i g
//   h ← o tanh(c)
//
// Operands: a = gates [i f o g], b = c, c = h, d = y (h of this timestep, for whoever reads it).

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { sigmoidPanels, tanhPanels } from '../kernels/activation/panels';
import { constant, tanh, tanhVector } from '../kernels/activation/tanh';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

export function lstm(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, gate = <usize>panels * stride;
  sigmoidPanels(gates, gates, stride, 3 * panels, rows);
  tanhPanels(gates + 3 * gate, gates + 3 * gate, stride, panels, rows);
  const y = op.d + <usize>row * op.dRow, bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    const i = gates + p * stride;
    update(
      i, i + gate, i + 2 * gate, i + 3 * gate, op.b + p * op.bPanel, op.c + p * op.cPanel, y + p * op.dPanel, bytes,
    );
  }
}

function update(i: usize, f: usize, o: usize, g: usize, c: usize, h: usize, y: usize, bytes: usize): void {
  const end = i + bytes;
  if (ASC_FEATURE_SIMD) {
    const p0 = constant(0), p1 = constant(1), p2 = constant(2), q0 = constant(3), q1 = constant(4), q2 = constant(5);
    const high = constant(6), low = constant(7), tiny = smallest();
    do {
      const cell = flushVector(
        f32x4.add(f32x4.mul(v128.load(f), v128.load(c)), f32x4.mul(v128.load(i), v128.load(g))), tiny,
      );
      v128.store(c, cell);
      const t = tanhVector(cell, p0, p1, p2, q0, q1, q2, high, low);
      const hidden = flushVector(f32x4.mul(v128.load(o), t), tiny);
      v128.store(h, hidden); v128.store(y, hidden);
      i += 16; f += 16; o += 16; g += 16; c += 16; h += 16; y += 16;
    } while (i < end);
  } else {
    do {
      const cell = flush(load<f32>(f) * load<f32>(c) + load<f32>(i) * load<f32>(g));
      store<f32>(c, cell);
      const hidden = flush(load<f32>(o) * tanh(cell));
      store<f32>(h, hidden); store<f32>(y, hidden);
      i += 4; f += 4; o += 4; g += 4; c += 4; h += 4; y += 4;
    } while (i < end);
  }
}
