// out = x ⊙ scale + shift. Operands: a = x, b = scale, c = shift, constants f32[columnsOf(n)], d = out; out may be x.
//
// Backward: dx += dout ⊙ scale; dscale += Σ dout ⊙ x, dshift += Σ dout over all rows. It reads x, so a scale that is to
// be trained has a buffer of its own for out.

import { BackwardRecord, give } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { sumProducts } from '../sum/products';
import { sumRows } from '../sum/rows';

export function affineOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  let x = op.a + <usize>row * op.aRow, scale = op.b, shift = op.c, out = op.d + <usize>row * op.dRow;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    if (ASC_FEATURE_SIMD) affinePanel(x, scale, shift, out, rows);
    else affinePanelScalar(x, scale, shift, out, rows);
    x += op.aPanel; scale += op.bPanel; shift += op.cPanel; out += op.dPanel;
  }
}

function affinePanel(x: usize, scale: usize, shift: usize, out: usize, rows: i32): void {
  const s0 = v128.load(scale), s1 = v128.load(scale, 16), s2 = v128.load(scale, 32), s3 = v128.load(scale, 48);
  const t0 = v128.load(shift), t1 = v128.load(shift, 16), t2 = v128.load(shift, 32), t3 = v128.load(shift, 48);
  for (const end = x + (<usize>rows << 6); x < end; x += 64, out += 64) {
    v128.store(out, f32x4.add(f32x4.mul(v128.load(x), s0), t0));
    v128.store(out, f32x4.add(f32x4.mul(v128.load(x, 16), s1), t1), 16);
    v128.store(out, f32x4.add(f32x4.mul(v128.load(x, 32), s2), t2), 32);
    v128.store(out, f32x4.add(f32x4.mul(v128.load(x, 48), s3), t3), 48);
  }
}

function affinePanelScalar(x: usize, scale: usize, shift: usize, out: usize, rows: i32): void {
  for (; rows > 0; rows--) {
    for (let i: usize = 0; i < 64; i += 4) {
      store<f32>(out + i, load<f32>(x + i) * load<f32>(scale + i) + load<f32>(shift + i));
    }
    x += 64; out += 64;
  }
}

export function affineBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, bytes = <usize>rows << 6;
  let i = <usize>row * op.dRow, scale = op.b;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    for (const end = i + bytes; i < end; i += 4) {
      give(record.da, record.dd, i, load<f32>(record.dd + i) * load<f32>(scale + (i & 63)));
    }
    i += op.dPanel - bytes; scale += op.bPanel;
  }
}

export function affineParameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, columns = columnsOf(op.n);
  sumProducts(op.a, op.aPanel, record.dd, op.dPanel, rows, columns, record.db);
  sumRows(record.dd, op.dPanel, rows, columns, record.dc);
}
