// out = s min(max(round(x / s), low), high), halves to even: x as the integers of a quantized model stand for it.
// Operands: a = x, b = out, c = f32[4] of parameters {s, low, high}, low and high counted from the zero point; 0 gives 0.
//
// Backward, straight through (Bengio et al. 2013), as PyTorch's fake_quantize_per_tensor_affine: dx += dout where
// low <= round(x / s) <= high, else 0. It reads x, so out has a buffer of its own.

import { BackwardRecord, give } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { runBytes, runCount } from '../../memory/runs';

export function quantizeOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, bytes = runBytes(op.aPanel, panels, rows);
  const s = load<f32>(op.c), low = load<f32>(op.c, 4), high = load<f32>(op.c, 8);
  let x = op.a + <usize>row * op.aRow, out = op.b + <usize>row * op.bRow;
  for (let runs = runCount(op.aPanel, panels, rows); runs > 0; runs--) {
    if (ASC_FEATURE_SIMD) quantizeAll(x, out, bytes, s, low, high);
    else quantizeAllScalar(x, out, bytes, s, low, high);
    x += op.aPanel; out += op.bPanel;
  }
}

function quantizeAll(x: usize, out: usize, bytes: usize, s: f32, low: f32, high: f32): void {
  const scales = f32x4.splat(s), lows = f32x4.splat(low), highs = f32x4.splat(high);
  for (const end = x + bytes; x < end; x += 16, out += 16) {
    const rounded = f32x4.nearest(f32x4.div(v128.load(x), scales));
    v128.store(out, f32x4.mul(f32x4.pmin(f32x4.pmax(rounded, lows), highs), scales));
  }
}

function quantizeAllScalar(x: usize, out: usize, bytes: usize, s: f32, low: f32, high: f32): void {
  for (const end = x + bytes; x < end; x += 4, out += 4) {
    const rounded = nearest<f32>(load<f32>(x) / s), raised = rounded < low ? low : rounded;
    store<f32>(out, (high < raised ? high : raised) * s);
  }
}

export function quantizeBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, bytes = <usize>rows << 6;
  const s = load<f32>(op.c), low = load<f32>(op.c, 4), high = load<f32>(op.c, 8);
  let i = <usize>row * op.aRow;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    for (const end = i + bytes; i < end; i += 4) {
      const rounded = nearest<f32>(load<f32>(op.a + i) / s);
      give(record.da, record.db, i, rounded >= low && rounded <= high ? load<f32>(record.db + i) : 0);
    }
    i += op.aPanel - bytes;
  }
}
