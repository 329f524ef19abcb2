// out = a + b. Operands: kernels/elementwise/pairs.ts.
//
// Backward: da += dout, db += dout.

import { linearBackward } from './linear';
import { eachPair } from './pairs';

export function addOp(at: usize, row: i32, rows: i32): void {
  eachPair(at, row, rows, add);
}

function add(a: usize, b: usize, out: usize, bytes: usize): void {
  const end = a + bytes;
  if (ASC_FEATURE_SIMD) {
    do {
      v128.store(out, f32x4.add(v128.load(a), v128.load(b)));
      a += 16; b += 16; out += 16;
    } while (a < end);
  } else {
    do {
      store<f32>(out, load<f32>(a) + load<f32>(b));
      a += 4; b += 4; out += 4;
    } while (a < end);
  }
}

export function addBackward(at: usize, row: i32, rows: i32): void {
  linearBackward(at, row, rows, 1);
}
