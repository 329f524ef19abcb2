// log softmax(x)[i] = x[i] - max x - log Σ exp(x[j] - max x)

import { exp } from '../exp/f32';
import { log } from '../log/f32';
import { largest } from './f32';

/** y = log softmax(x) over n contiguous values; x and y may be the same. */
export function logSoftmax(x: usize, y: usize, n: i32): void {
  const m = largest(x, n), sum = log(exponentials(x, n, m));
  for (let i: usize = 0; i < <usize>n << 2; i += 4) store<f32>(y + i, load<f32>(x + i) - m - sum);
}

/** Σ exp(x - offset), by four partial sums, with nothing stored. */
function exponentials(x: usize, n: i32, offset: f32): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  for (let i = 0; i < n; i += 4, x += 16) {
    s0 += exp(load<f32>(x) - offset);
    if (i + 1 < n) s1 += exp(load<f32>(x, 4) - offset);
    if (i + 2 < n) s2 += exp(load<f32>(x, 8) - offset);
    if (i + 3 < n) s3 += exp(load<f32>(x, 12) - offset);
  }
  return s0 + s1 + (s2 + s3);
}
