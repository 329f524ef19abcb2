// Layer normalisation, backward, with y = (x - mean) r, what γ multiplies, and g = dout ⊙ γ:
//
//   dx += r (g - Σ g / N - y Σ g y / N)          dγ += Σ dout ⊙ y, dβ += Σ dout over all rows
//
// mean and r follow from x once more. Scalar: no model spends time here.

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
  const columns = op.k * columnsOf(op.n), panel = op.aPanel, count = <f32>(op.k * op.n);
  const mean = meanOf(x, panel, op.n, op.k), r = inverseOf(x, panel, op.n, op.k, mean, load<f32>(op.e));
  let sum: f32 = 0, products: f32 = 0;
  for (let column = 0; column < columns; column++) {
    const g = load<f32>(elementOf(dout, op.dPanel, column)) * load<f32>(op.b + (<usize>column << 2));
    sum += g;
    products += g * ((load<f32>(elementOf(x, panel, column)) - mean) * r);
  }
  sum /= count; products /= count;
  for (let block = 0; block < op.k; block++) {
    const first = block * columnsOf(op.n);
    for (let column = first; column < first + op.n; column++) {
      const g = load<f32>(elementOf(dout, op.dPanel, column)) * load<f32>(op.b + (<usize>column << 2));
      const y = (load<f32>(elementOf(x, panel, column)) - mean) * r, d = elementOf(dx, panel, column);
      store<f32>(d, load<f32>(d) + r * (g - sum - y * products));
    }
  }
}

export function layerNormParameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, columns = op.k * columnsOf(op.n);
  sumRows(record.dd, op.dPanel, rows, columns, record.dc);
  let x = op.a, dout = record.dd;
  for (; rows > 0; rows--) {
    const mean = meanOf(x, op.aPanel, op.n, op.k), r = inverseOf(x, op.aPanel, op.n, op.k, mean, load<f32>(op.e));
    for (let column = 0; column < columns; column++) {
      const y = (load<f32>(elementOf(x, op.aPanel, column)) - mean) * r, d = record.db + (<usize>column << 2);
      store<f32>(d, load<f32>(d) + load<f32>(elementOf(dout, op.dPanel, column)) * y);
    }
    x += 64; dout += 64;
  }
}
