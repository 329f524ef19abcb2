// Layer normalisation, backward, with y = (x - mean) r, what γ multiplies, and g = dout ⊙ γ:
//
//   dx += r (g - Σ g / N - y Σ g y / N)          dγ += Σ dout ⊙ y, dβ += Σ dout over all rows
//
// mean and r follow from x once more. The two sums of a row are one chain of additions each, in the order of columns.

import { BackwardRecord } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { sumRows } from '../sum/rows';
import { elementOf, inverseOf, meanOf } from './f32';

export function layerNormBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  if (!record.da) return;
  let x = op.a + <usize>row * op.aRow, dx = record.da + <usize>row * op.aRow, dout = record.dd + <usize>row * op.dRow;
  for (; rows > 0; rows--) {
    rowBackward(op, x, dout, dx);
    x += 64; dx += 64; dout += 64;
  }
}

function rowBackward(op: OpRecord, x: usize, dout: usize, dx: usize): void {
  const count = <f32>(op.k * op.n), mean = meanOf(x, op.aPanel, op.n, op.k);
  const r = inverseOf(x, op.aPanel, op.n, op.k, mean, load<f32>(op.e));
  sumRow(op, x, dout, mean, r);
  const sum = sumOfG / count, products = sumOfProducts / count, panels = columnsOf(op.n) >> 4;
  for (let block = 0; block < op.k; block++) {
    const panel = <usize>(block * panels), gamma = op.b + (panel << 6);
    const first = x + panel * op.aPanel, out = dx + panel * op.aPanel, d = dout + panel * op.dPanel;
    if (ASC_FEATURE_SIMD) blockBackward(op, first, gamma, d, out, mean, r, sum, products);
    else blockBackwardScalar(op, first, gamma, d, out, mean, r, sum, products);
  }
}

/** Of the row at hand: Σ g and Σ g y. */
let sumOfG: f32 = 0;
let sumOfProducts: f32 = 0;

function sumRow(op: OpRecord, x: usize, dout: usize, mean: f32, r: f32): void {
  let sum: f32 = 0, products: f32 = 0, gamma = op.b;
  for (let panels = op.k * columnsOf(op.n) >> 4; panels > 0; panels--) {
    for (let i: usize = 0; i < 64; i += 4) {
      const g = load<f32>(dout + i) * load<f32>(gamma + i);
      sum += g;
      products += g * ((load<f32>(x + i) - mean) * r);
    }
    x += op.aPanel; dout += op.dPanel; gamma += 64;
  }
  sumOfG = sum;
  sumOfProducts = products;
}

function blockBackwardScalar(
  op: OpRecord, x: usize, gamma: usize, dout: usize, dx: usize, mean: f32, r: f32, sum: f32, products: f32,
): void {
  for (let column = 0; column < op.n; column++) {
    const g = load<f32>(elementOf(dout, op.dPanel, column)) * load<f32>(gamma + (<usize>column << 2));
    const y = (load<f32>(elementOf(x, op.aPanel, column)) - mean) * r, d = elementOf(dx, op.aPanel, column);
    store<f32>(d, load<f32>(d) + r * (g - sum - y * products));
  }
}

/** The lanes behind the last column keep what they hold. */
function blockBackward(
  op: OpRecord, x: usize, gamma: usize, dout: usize, dx: usize, mean: f32, r: f32, sum: f32, products: f32,
): void {
  const means = f32x4.splat(mean), factor = f32x4.splat(r), lanes = i32x4(0, 1, 2, 3);
  for (let column = 0; column < op.n; column += 4) {
    const g = f32x4.mul(v128.load(elementOf(dout, op.dPanel, column)), v128.load(gamma + (<usize>column << 2)));
    const y = f32x4.mul(f32x4.sub(v128.load(elementOf(x, op.aPanel, column)), means), factor);
    const rest = f32x4.sub(f32x4.sub(g, f32x4.splat(sum)), f32x4.mul(y, f32x4.splat(products)));
    const at = elementOf(dx, op.aPanel, column), before = v128.load(at), real = i32x4.lt_s(lanes, i32x4.splat(op.n - column));
    v128.store(at, v128.bitselect(f32x4.add(before, f32x4.mul(factor, rest)), before, real));
  }
}

export function layerNormParameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, columns = op.k * columnsOf(op.n);
  sumRows(record.dd, op.dPanel, rows, columns, record.dc);
  let x = op.a, dout = record.dd;
  for (; rows > 0; rows--) {
    const mean = meanOf(x, op.aPanel, op.n, op.k), r = inverseOf(x, op.aPanel, op.n, op.k, mean, load<f32>(op.e));
    for (let panel: usize = 0; panel < <usize>columns >> 4; panel++) {
      addNormalised(x + panel * op.aPanel, dout + panel * op.dPanel, record.db + (panel << 6), mean, r);
    }
    x += 64; dout += 64;
  }
}

/** out[16] += dout[16] (x[16] - mean) r */
function addNormalised(x: usize, dout: usize, out: usize, mean: f32, r: f32): void {
  if (ASC_FEATURE_SIMD) {
    const means = f32x4.splat(mean), factor = f32x4.splat(r);
    for (let i: usize = 0; i < 64; i += 16) {
      const y = f32x4.mul(f32x4.sub(v128.load(x + i), means), factor);
      v128.store(out + i, f32x4.add(v128.load(out + i), f32x4.mul(v128.load(dout + i), y)));
    }
  } else {
    for (let i: usize = 0; i < 64; i += 4) {
      const y = (load<f32>(x + i) - mean) * r;
      store<f32>(out + i, load<f32>(out + i) + load<f32>(dout + i) * y);
    }
  }
}
