// softmax(x)[i] = exp(x[i] - max x) / Σ exp(x[j] - max x)
//
// The sum has four partial sums by index mod 4, added as (s0 + s1) + (s2 + s3), in the scalar build too.

import { exp, expVector } from '../exp/f32';
import { log } from '../log/f32';

/** The largest of x[0 … n). */
export function largest(x: usize, n: i32): f32 {
  let m = load<f32>(x);
  for (let i = 1; i < n; i++) {
    const v = load<f32>(x + (<usize>i << 2));
    m = m < v ? v : m;
  }
  return m;
}

/** y[i] = exp((x[i] - offset) * factor) for i < n; returns Σ y. x and y may be the same. */
export function expSum(x: usize, y: usize, n: i32, offset: f32, factor: f32): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  const end = x + (<usize>(n & ~3) << 2);
  if (ASC_FEATURE_SIMD) {
    const o = f32x4.splat(offset), scale = f32x4.splat(factor);
    let sum = f32x4.splat(0);
    while (x < end) {
      const e = expVector(f32x4.mul(f32x4.sub(v128.load(x), o), scale));
      v128.store(y, e);
      sum = f32x4.add(sum, e);
      x += 16; y += 16;
    }
    s0 = f32x4.extract_lane(sum, 0); s1 = f32x4.extract_lane(sum, 1);
    s2 = f32x4.extract_lane(sum, 2); s3 = f32x4.extract_lane(sum, 3);
  } else {
    while (x < end) {
      s0 += expOne(x, y, offset, factor); s1 += expOne(x + 4, y + 4, offset, factor);
      s2 += expOne(x + 8, y + 8, offset, factor); s3 += expOne(x + 12, y + 12, offset, factor);
      x += 16; y += 16;
    }
  }
  const rest = n & 3;
  if (rest > 0) s0 += expOne(x, y, offset, factor);
  if (rest > 1) s1 += expOne(x + 4, y + 4, offset, factor);
  if (rest > 2) s2 += expOne(x + 8, y + 8, offset, factor);
  return s0 + s1 + (s2 + s3);
}

function expOne(x: usize, y: usize, offset: f32, factor: f32): f32 {
  const e = exp((load<f32>(x) - offset) * factor);
  store<f32>(y, e);
  return e;
}

/** y = softmax(x) over n contiguous values; x and y may be the same. Values beyond n are left alone. */
export function softmax(x: usize, y: usize, n: i32): void {
  const sum = expSum(x, y, n, largest(x, n), 1);
  for (let i = 0; i < n; i++) {
    const at = y + (<usize>i << 2);
    store<f32>(at, load<f32>(at) / sum);
  }
}

/** -log softmax(x)[target] in nats; `scratch`: f32[n]. */
export function crossEntropy(x: usize, n: i32, target: i32, scratch: usize): f32 {
  const m = largest(x, n);
  return log(expSum(x, scratch, n, m, 1)) - (load<f32>(x + (<usize>target << 2)) - m);
}
