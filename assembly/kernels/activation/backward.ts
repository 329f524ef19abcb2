// y = f(x), backward, from y alone: dx += dy f′(x), or in place where x and y share their buffer.
//
//   sigmoid: y (1 - y)     tanh: 1 - y²     relu: 1 where y > 0, else 0     softmax: y (dy - Σ y dy)
//
// Elementwise and scalar: no model spends time here.

import { BackwardRecord } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';

type Slope = (y: f32) => f32;

function sigmoidSlope(y: f32): f32 { return y * (1 - y); }
function tanhSlope(y: f32): f32 { return 1 - y * y; }
function reluSlope(y: f32): f32 { return y > 0 ? 1 : 0; }

export function sigmoidBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, sigmoidSlope); }
export function tanhBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, tanhSlope); }
export function reluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, reluSlope); }

function elementwise(at: usize, row: i32, rows: i32, slope: Slope): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  const from = <usize>row * op.aRow, bytes = <usize>rows << 6;
  for (let panel = 0; panel < columnsOf(op.n) >> 4; panel++) {
    const offset = <usize>panel * op.aPanel + from;
    for (let i: usize = offset; i < offset + bytes; i += 4) {
      give(record, i, load<f32>(record.db + i) * slope(load<f32>(op.b + i)));
    }
  }
}

export function softmaxBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  for (let r = row; r < row + rows; r++) {
    let sum: f32 = 0;
    for (let column = 0; column < op.n; column++) {
      const i = elementOf(op, r, column);
      sum += load<f32>(op.b + i) * load<f32>(record.db + i);
    }
    for (let column = 0; column < op.n; column++) {
      const i = elementOf(op, r, column);
      give(record, i, load<f32>(op.b + i) * (load<f32>(record.db + i) - sum));
    }
  }
}

function elementOf(op: OpRecord, row: i32, column: i32): usize {
  return <usize>(column >> 4) * op.bPanel + (<usize>row << 6) + (<usize>(column & 15) << 2);
}

// @ts-ignore: decorator
@inline
function give(record: BackwardRecord, i: usize, value: f32): void {
  if (!record.da) return;
  if (record.da == record.db) store<f32>(record.da + i, value);
  else store<f32>(record.da + i, load<f32>(record.da + i) + value);
}
