// Layer normalisation (Ba et al. 2016) of one row over N = blocks * n values:
//
//   mean = Σ x / N     r = 1 / √(Σ (x - mean)² / N + epsilon)     out = (x - mean) r γ + β
//
// A row is `blocks` blocks of n values, each in whole panels, `panel` bytes apart; the lanes behind n are zero in x, γ and
// β, and so in out. Sums have four partial sums by column mod 4, added as (s0 + s1) + (s2 + s3), in the scalar build too.

import { columnsOf } from '../../memory/op-record';

export function meanOf(x: usize, panel: usize, n: i32, blocks: i32): f32 {
  const panels = blocks * (columnsOf(n) >> 4), end = x + <usize>panels * panel, count = <f32>(blocks * n);
  if (ASC_FEATURE_SIMD) {
    let s = f32x4.splat(0);
    for (; x < end; x += panel) {
      for (let i: usize = 0; i < 64; i += 16) s = f32x4.add(s, v128.load(x + i));
    }
    return added(s) / count;
  }
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  for (; x < end; x += panel) {
    for (let i: usize = 0; i < 64; i += 16) {
      s0 += load<f32>(x + i); s1 += load<f32>(x + i, 4); s2 += load<f32>(x + i, 8); s3 += load<f32>(x + i, 12);
    }
  }
  return (s0 + s1 + (s2 + s3)) / count;
}

/** r, the inverse of the standard deviation. */
export function inverseOf(x: usize, panel: usize, n: i32, blocks: i32, mean: f32, epsilon: f32): f32 {
  const squares = ASC_FEATURE_SIMD ? squaresSimd(x, panel, n, blocks, mean) : squaresScalar(x, panel, n, blocks, mean);
  return 1 / sqrt<f32>(squares / <f32>(blocks * n) + epsilon);
}

function squaresSimd(x: usize, panel: usize, n: i32, blocks: i32, mean: f32): f32 {
  const means = f32x4.splat(mean), lanes = i32x4(0, 1, 2, 3);
  let s = f32x4.splat(0);
  for (; blocks > 0; blocks--) {
    for (let column = 0; column < n; column += 4) {
      const real = i32x4.lt_s(lanes, i32x4.splat(n - column));
      const d = v128.and(f32x4.sub(v128.load(elementOf(x, panel, column)), means), real);
      s = f32x4.add(s, f32x4.mul(d, d));
    }
    x = elementOf(x, panel, columnsOf(n));
  }
  return added(s);
}

function squaresScalar(x: usize, panel: usize, n: i32, blocks: i32, mean: f32): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  for (; blocks > 0; blocks--) {
    for (let column = 0; column < n; column += 4) {
      const at = elementOf(x, panel, column);
      s0 += squareOf(load<f32>(at) - mean);
      if (column + 1 < n) s1 += squareOf(load<f32>(at, 4) - mean);
      if (column + 2 < n) s2 += squareOf(load<f32>(at, 8) - mean);
      if (column + 3 < n) s3 += squareOf(load<f32>(at, 12) - mean);
    }
    x = elementOf(x, panel, columnsOf(n));
  }
  return s0 + s1 + (s2 + s3);
}

// @ts-ignore: decorator
@inline
function squareOf(d: f32): f32 {
  return d * d;
}

// @ts-ignore: decorator
@inline
function added(s: v128): f32 {
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

/** Address of a column of a row whose panels are `panel` bytes apart. */
// @ts-ignore: decorator
@inline
export function elementOf(row: usize, panel: usize, column: i32): usize {
  return row + <usize>(column >> 4) * panel + (<usize>(column & 15) << 2);
}

/** out[16] = (x[16] - mean) r γ[16] + β[16] */
// @ts-ignore: decorator
@inline
export function scalePanel(x: usize, out: usize, mean: f32, r: f32, gamma: usize, beta: usize): void {
  if (ASC_FEATURE_SIMD) {
    const means = f32x4.splat(mean), factor = f32x4.splat(r);
    for (let i: usize = 0; i < 64; i += 16) {
      const y = f32x4.mul(f32x4.sub(v128.load(x + i), means), factor);
      v128.store(out + i, f32x4.add(f32x4.mul(y, v128.load(gamma + i)), v128.load(beta + i)));
    }
  } else {
    for (let i: usize = 0; i < 64; i += 4) {
      const y = (load<f32>(x + i) - mean) * r;
      store<f32>(out + i, y * load<f32>(gamma + i) + load<f32>(beta + i));
    }
  }
}
