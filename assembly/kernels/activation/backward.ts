// y = f(x), backward, from y alone: dx += dy f′(x), or in place where x and y share their buffer.
//
//   sigmoid: y (1 - y)     tanh: 1 - y²     relu: 1 where y > 0, else 0     softmax: y (dy - Σ y dy)
//   hard-sigmoid: alpha where 0 < y < 1, else 0      leaky-relu: 1 where y > 0, else alpha
//   elu: 1 where y > 0, else y + alpha      softsign: (1 - |y|)²      clip: 1 where low < y < high, else 0
//   sqrt: ½ / y where y > 0, else 0      log-softmax: dy - exp(y) Σ dy
//
// Elementwise and scalar: no model spends time here.

import { BackwardRecord, give } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { exp } from '../exp/f32';

/** `c`: the address of the activation's parameters. */
type Slope = (y: f32, c: usize) => f32;

function sigmoidSlope(y: f32, _c: usize): f32 { return y * (1 - y); }
function tanhSlope(y: f32, _c: usize): f32 { return 1 - y * y; }
function reluSlope(y: f32, _c: usize): f32 { return y > 0 ? 1 : 0; }
function hardSigmoidSlope(y: f32, c: usize): f32 { return y > 0 && y < 1 ? load<f32>(c) : 0; }
function leakyReluSlope(y: f32, c: usize): f32 { return y > 0 ? 1 : load<f32>(c); }
function eluSlope(y: f32, c: usize): f32 { return y > 0 ? 1 : y + load<f32>(c); }
function clipSlope(y: f32, c: usize): f32 { return y > load<f32>(c) && y < load<f32>(c, 4) ? 1 : 0; }

function sqrtSlope(y: f32, _c: usize): f32 { return y > 0 ? <f32>0.5 / y : 0; }

function softsignSlope(y: f32, _c: usize): f32 {
  const rest: f32 = 1 - abs<f32>(y);
  return rest * rest;
}

export function sigmoidBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, sigmoidSlope); }
export function tanhBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, tanhSlope); }
export function reluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, reluSlope); }
export function hardSigmoidBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, hardSigmoidSlope); }
export function leakyReluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, leakyReluSlope); }
export function eluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, eluSlope); }
export function softsignBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, softsignSlope); }
export function clipBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, clipSlope); }

export function sqrtBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, sqrtSlope); }

function elementwise(at: usize, row: i32, rows: i32, slope: Slope): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  const from = <usize>row * op.aRow, bytes = <usize>rows << 6;
  for (let panel = 0; panel < columnsOf(op.n) >> 4; panel++) {
    const offset = <usize>panel * op.aPanel + from;
    for (let i: usize = offset; i < offset + bytes; i += 4) {
      give(record.da, record.db, i, load<f32>(record.db + i) * slope(load<f32>(op.b + i), op.c));
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
      give(record.da, record.db, i, load<f32>(op.b + i) * (load<f32>(record.db + i) - sum));
    }
  }
}

export function logSoftmaxBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  for (let r = row; r < row + rows; r++) {
    let sum: f32 = 0;
    for (let column = 0; column < op.n; column++) sum += load<f32>(record.db + elementOf(op, r, column));
    for (let column = 0; column < op.n; column++) {
      const i = elementOf(op, r, column);
      give(record.da, record.db, i, load<f32>(record.db + i) - exp(load<f32>(op.b + i)) * sum);
    }
  }
}

function elementOf(op: OpRecord, row: i32, column: i32): usize {
  return <usize>(column >> 4) * op.bPanel + (<usize>row << 6) + (<usize>(column & 15) << 2);
}
