// y = f(x), backward, from y alone: dx += dy f′(x), or in place where x and y share their buffer.
//
//   sigmoid: y (1 - y)     tanh: 1 - y²     relu: 1 where y > 0, else 0     softmax: y (dy - Σ y dy)
//   hard-sigmoid: alpha where 0 < y < 1, else 0      leaky-relu: 1 where y > 0, else alpha
//   elu: 1 where y > 0, else y + alpha      softsign: (1 - |y|)²      clip: 1 where low < y < high, else 0
//   sqrt: ½ / y where y > 0, else 0      log-softmax: dy - exp(y) Σ dy
//
// Softmax and its logarithm are scalar: no model spends time there.

import { BackwardRecord, give, giveVector } from '../../memory/backward-record';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { exp } from '../exp/f32';

/** The elementwise ones. */
const enum Kind { Sigmoid, Tanh, Relu, HardSigmoid, LeakyRelu, Elu, Softsign, Clip, Sqrt }

export function sigmoidBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Sigmoid); }
export function tanhBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Tanh); }
export function reluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Relu); }
export function hardSigmoidBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.HardSigmoid); }
export function leakyReluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.LeakyRelu); }
export function eluBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Elu); }
export function softsignBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Softsign); }
export function clipBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Clip); }
export function sqrtBackward(at: usize, row: i32, rows: i32): void { elementwise(at, row, rows, Kind.Sqrt); }

/** f′(x); `c`: the address of the activation's parameters. */
function slope(kind: Kind, y: f32, c: usize): f32 {
  switch (kind) {
    case Kind.Sigmoid: return y * (1 - y);
    case Kind.Tanh: return 1 - y * y;
    case Kind.Relu: return y > 0 ? 1 : 0;
    case Kind.HardSigmoid: return y > 0 && y < 1 ? load<f32>(c) : 0;
    case Kind.LeakyRelu: return y > 0 ? 1 : load<f32>(c);
    case Kind.Elu: return y > 0 ? 1 : y + load<f32>(c);
    case Kind.Softsign: return (<f32>1 - abs<f32>(y)) * (<f32>1 - abs<f32>(y));
    case Kind.Clip: return y > load<f32>(c) && y < load<f32>(c, 4) ? 1 : 0;
    default: return y > 0 ? <f32>0.5 / y : 0;
  }
}

// @ts-ignore: decorator
@inline
function slopeVector(kind: Kind, y: v128, c: usize): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1), positive = f32x4.gt(y, zero);
  switch (kind) {
    case Kind.Sigmoid: return f32x4.mul(y, f32x4.sub(one, y));
    case Kind.Tanh: return f32x4.sub(one, f32x4.mul(y, y));
    case Kind.Relu: return v128.and(one, positive);
    case Kind.HardSigmoid: return v128.and(v128.load_splat<f32>(c), v128.and(positive, f32x4.lt(y, one)));
    case Kind.LeakyRelu: return v128.bitselect(one, v128.load_splat<f32>(c), positive);
    case Kind.Elu: return v128.bitselect(one, f32x4.add(y, v128.load_splat<f32>(c)), positive);
    case Kind.Softsign: return f32x4.mul(f32x4.sub(one, f32x4.abs(y)), f32x4.sub(one, f32x4.abs(y)));
    case Kind.Clip:
      return v128.and(one, v128.and(f32x4.gt(y, v128.load_splat<f32>(c)), f32x4.lt(y, v128.load_splat<f32>(c, 4))));
    default: return v128.and(f32x4.div(f32x4.splat(0.5), y), positive);
  }
}

/** Inline, so that each kind has a loop of its own. */
// @ts-ignore: decorator
@inline
function elementwise(at: usize, row: i32, rows: i32, kind: Kind): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  let i = <usize>row * op.aRow;
  const bytes = <usize>rows << 6;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    const end = i + bytes;
    if (ASC_FEATURE_SIMD) {
      for (; i < end; i += 16) {
        const d = f32x4.mul(v128.load(record.db + i), slopeVector(kind, v128.load(op.b + i), op.c));
        giveVector(record.da, record.db, i, d);
      }
    } else {
      for (; i < end; i += 4) {
        give(record.da, record.db, i, load<f32>(record.db + i) * slope(kind, load<f32>(op.b + i), op.c));
      }
    }
    i += op.aPanel - bytes;
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
