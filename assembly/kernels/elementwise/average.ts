// out = (a + b) ½. Operands: kernels/elementwise/pairs.ts.
//
// Backward: da += ½ dout, db += ½ dout.

import { linearBackward } from './linear';
import { eachPair } from './pairs';

export function averageOp(at: usize, row: i32, rows: i32): void {
  eachPair(at, row, rows, average);
}

function average(a: usize, b: usize, out: usize, bytes: usize): void {
  const end = a + bytes;
  if (ASC_FEATURE_SIMD) {
    const half = f32x4.splat(0.5);
    do {
      v128.store(out, f32x4.mul(f32x4.add(v128.load(a), v128.load(b)), half));
      a += 16; b += 16; out += 16;
    } while (a < end);
  } else {
    do {
      store<f32>(out, (load<f32>(a) + load<f32>(b)) * 0.5);
      a += 4; b += 4; out += 4;
    } while (a < end);
  }
}

export function averageBackward(at: usize, row: i32, rows: i32): void {
  linearBackward(at, row, rows, 0.5);
}
