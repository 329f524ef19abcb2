// tanh(x) by its double-angle formula: with t = tanh(x / 2) ≈ N / Q, N = x P(x²), Q = Q(x²),
//
//   tanh(x) = 2 t / (1 + t²) = 2 N Q / (Q² + N²)          sigmoid(x) = ½ + ½ tanh(½ x), both halvings exact
//
// x is clamped to ±9. One division, and near ±1, where N ≈ Q, the formula's slope in N / Q is 0, so the roundings of P
// and Q do not reach the result: twice as exact as x P / Q of degree 9/8 for fewer operations. Minimax coefficients,
// fitted by Loeb's iteration to tanh on [0, 9] and rounded to float32 (tools/exhaustive/fit.py). Only add, mul, div and
// selects: the same bits everywhere. NaN gives NaN.
//
// Over all float32 (tools/exhaustive): within [-1, 1] and [0, 1], absolute error at most 2.09e-7 and 1.30e-7.

// One f32 each, fetched into locals before a loop: a literal inside it costs V8 two to four instructions a use.
// prettier-ignore
const POOL: usize = memory.data<f32>([
  410244.75, 12204.0693359375, 46.6580924987793, // P
  820489.5625, 92782.1953125, 987.8019409179688, // Q, monic
  9, -9, 0.5,
]);

/** Scalar tanh. */
export function tanh(x: f32): f32 {
  x = x < <f32>-9 ? <f32>-9 : x;
  x = <f32>9 < x ? <f32>9 : x;
  const z = x * x;
  const n = x * ((<f32>46.6580924987793 * z + <f32>12204.0693359375) * z + <f32>410244.75);
  const q = ((z + <f32>987.8019409179688) * z + <f32>92782.1953125) * z + <f32>820489.5625;
  return ((n + n) * q) / (q * q + n * n);
}

/** Scalar sigmoid. */
export function sigmoid(x: f32): f32 {
  return tanh(x * 0.5) * 0.5 + 0.5;
}

// @ts-ignore: decorator
@inline
export function constant(index: usize): v128 {
  return v128.load_splat<f32>(POOL + (index << 2));
}

/** The vector core; its constants, `constant(0)` … `constant(7)`, stand in the caller's locals. */
// @ts-ignore: decorator
@inline
export function tanhVector(
  x: v128, p0: v128, p1: v128, p2: v128, q0: v128, q1: v128, q2: v128, high: v128, low: v128,
): v128 {
  x = f32x4.pmin(f32x4.pmax(x, low), high);
  const z = f32x4.mul(x, x);
  const p = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(p2, z), p1), z), p0);
  const q = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(f32x4.add(z, q2), z), q1), z), q0);
  const n = f32x4.mul(x, p);
  return f32x4.div(f32x4.mul(f32x4.add(n, n), q), f32x4.add(f32x4.mul(q, q), f32x4.mul(n, n)));
}

/** y[i] = tanh(x[i]); `bytes` a multiple of 16; x and y may be the same. */
export function tanhAll(x: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const p0 = constant(0), p1 = constant(1), p2 = constant(2), q0 = constant(3), q1 = constant(4), q2 = constant(5);
    const high = constant(6), low = constant(7);
    do {
      v128.store(y, tanhVector(v128.load(x), p0, p1, p2, q0, q1, q2, high, low));
      x += 16; y += 16;
    } while (x < end);
  } else {
    do {
      store<f32>(y, tanh(load<f32>(x)));
      x += 4; y += 4;
    } while (x < end);
  }
}

/** y[i] = sigmoid(x[i]); `bytes` a multiple of 16; x and y may be the same. */
export function sigmoidAll(x: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const p0 = constant(0), p1 = constant(1), p2 = constant(2), q0 = constant(3), q1 = constant(4), q2 = constant(5);
    const high = constant(6), low = constant(7), half = constant(8);
    do {
      const t = tanhVector(f32x4.mul(v128.load(x), half), p0, p1, p2, q0, q1, q2, high, low);
      v128.store(y, f32x4.add(f32x4.mul(t, half), half));
      x += 16; y += 16;
    } while (x < end);
  } else {
    do {
      store<f32>(y, sigmoid(load<f32>(x)));
      x += 4; y += 4;
    } while (x < end);
  }
}
