// tanh(x) = x P(x²) / Q(x²), x clamped to ±8.7, the result to ±1; sigmoid(x) = ½ + ½ tanh(½ x), both halvings exact.
//
// Minimax coefficients of degree 9/8, fitted by Loeb's iteration to tanh on [0, 8.7] and rounded to float32. Only
// add, mul, div and selects: the same bits everywhere. NaN gives NaN.
// Largest absolute error over all float32: tanh 4.6e-7, sigmoid 2.9e-7 (tools/exhaustive).

// One f32 each, fetched into locals before a loop: a literal inside it costs V8 two to four instructions a use.
// prettier-ignore
const POOL: usize = memory.data<f32>([
  1261975.5, 169017.9375, 4429.82080078125, 26.326467514038086, 0.01732376217842102, // P
  1261975.5, 589676.125, 32725.513671875, 417.7208557128906, // Q, monic
  8.7, -8.7, 1.0, -1.0, 0.5,
]);

/** Scalar tanh. */
export function tanh(x: f32): f32 {
  x = x < <f32>-8.7 ? <f32>-8.7 : x;
  x = <f32>8.7 < x ? <f32>8.7 : x;
  const z = x * x;
  let p = <f32>0.01732376217842102 * z + <f32>26.326467514038086;
  p = p * z + <f32>4429.82080078125;
  p = p * z + <f32>169017.9375;
  p = p * z + <f32>1261975.5;
  const q = (((z + <f32>417.7208557128906) * z + <f32>32725.513671875) * z + <f32>589676.125) * z + <f32>1261975.5;
  let y = (x * p) / q;
  y = y < <f32>-1 ? <f32>-1 : y;
  return <f32>1 < y ? <f32>1 : y;
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

/** The vector core; its constants, `constant(0)` … `constant(12)`, stand in the caller's locals. */
// @ts-ignore: decorator
@inline
export function tanhVector(
  x: v128, p0: v128, p1: v128, p2: v128, p3: v128, p4: v128, q0: v128, q1: v128, q2: v128, q3: v128,
  high: v128, low: v128, one: v128, minusOne: v128,
): v128 {
  x = f32x4.pmin(f32x4.pmax(x, low), high);
  const z = f32x4.mul(x, x);
  let p = f32x4.add(f32x4.mul(p4, z), p3);
  p = f32x4.add(f32x4.mul(p, z), p2);
  p = f32x4.add(f32x4.mul(p, z), p1);
  p = f32x4.add(f32x4.mul(p, z), p0);
  let q = f32x4.add(f32x4.mul(f32x4.add(z, q3), z), q2);
  q = f32x4.add(f32x4.mul(q, z), q1);
  q = f32x4.add(f32x4.mul(q, z), q0);
  return f32x4.pmin(f32x4.pmax(f32x4.div(f32x4.mul(x, p), q), minusOne), one);
}

/** y[i] = tanh(x[i]); `bytes` a multiple of 16; x and y may be the same. */
export function tanhAll(x: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const p0 = constant(0), p1 = constant(1), p2 = constant(2), p3 = constant(3), p4 = constant(4);
    const q0 = constant(5), q1 = constant(6), q2 = constant(7), q3 = constant(8);
    const high = constant(9), low = constant(10), one = constant(11), minusOne = constant(12);
    do {
      v128.store(y, tanhVector(v128.load(x), p0, p1, p2, p3, p4, q0, q1, q2, q3, high, low, one, minusOne));
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
    const p0 = constant(0), p1 = constant(1), p2 = constant(2), p3 = constant(3), p4 = constant(4);
    const q0 = constant(5), q1 = constant(6), q2 = constant(7), q3 = constant(8);
    const high = constant(9), low = constant(10), one = constant(11), minusOne = constant(12), half = constant(13);
    do {
      const v = f32x4.mul(v128.load(x), half);
      const t = tanhVector(v, p0, p1, p2, p3, p4, q0, q1, q2, q3, high, low, one, minusOne);
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
