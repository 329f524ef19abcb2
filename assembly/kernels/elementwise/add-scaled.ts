// out += v ⊙ x, the weights of a peephole. Operands: a = x, a buffer or a state, b = v, constant f32[columnsOf(n)],
// c = out.
//
// Backward: dx += v ⊙ dout, dv += Σ x ⊙ dout over all rows; dout stays what it is.

import { BackwardRecord } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { sumProducts } from '../sum/products';

export function addScaledOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  addScaled(op.a + <usize>row * op.aRow, op.aPanel, op.b, op.c + <usize>row * op.cRow, op.cPanel, op.n, rows);
}

export function addScaledBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  if (!record.da) return;
  addScaled(record.dc + <usize>row * op.cRow, op.cPanel, op.b, record.da + <usize>row * op.aRow, op.aPanel, op.n, rows);
}

/** out += v ⊙ x, f32[columnsOf(n)] a row, panels `xPanel` and `outPanel` bytes apart. */
function addScaled(x: usize, xPanel: usize, v: usize, out: usize, outPanel: usize, n: i32, rows: i32): void {
  for (let panels = columnsOf(n) >> 4; panels > 0; panels--) {
    if (ASC_FEATURE_SIMD) addScaledPanel(x, v, out, rows);
    else addScaledPanelScalar(x, v, out, rows);
    x += xPanel; v += 64; out += outPanel;
  }
}

function addScaledPanel(x: usize, v: usize, out: usize, rows: i32): void {
  const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(v, 32), v3 = v128.load(v, 48);
  for (const end = x + (<usize>rows << 6); x < end; x += 64, out += 64) {
    v128.store(out, f32x4.add(v128.load(out), f32x4.mul(v0, v128.load(x))));
    v128.store(out, f32x4.add(v128.load(out, 16), f32x4.mul(v1, v128.load(x, 16))), 16);
    v128.store(out, f32x4.add(v128.load(out, 32), f32x4.mul(v2, v128.load(x, 32))), 32);
    v128.store(out, f32x4.add(v128.load(out, 48), f32x4.mul(v3, v128.load(x, 48))), 48);
  }
}

function addScaledPanelScalar(x: usize, v: usize, out: usize, rows: i32): void {
  for (; rows > 0; rows--) {
    for (let i: usize = 0; i < 64; i += 4) {
      store<f32>(out + i, load<f32>(out + i) + load<f32>(v + i) * load<f32>(x + i));
    }
    x += 64; out += 64;
  }
}

export function addScaledParameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  sumProducts(record.tapeA, record.tapeAPanel, record.dc, op.cPanel, rows, columnsOf(op.n), record.db);
}
