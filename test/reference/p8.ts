/**
 * The int8 matrix product in plain JavaScript, rounding where float32 arithmetic rounds, so that a kernel can
 * be compared bit for bit.
 *
 *   qmax   = min(32767, floor((2^31 - 1) / max over n of sum over k of |w_q[n, k]|))
 *   absmax = max over k of |x[k]|
 *   q_x[k] = round to even(x[k] * f32(qmax / absmax))
 *   s_x    = f32(absmax / qmax)
 *   y[n]   = init[n] + f32(sum over k of w_q[n, k] * q_x[k]) * f32(scale[n] * s_x)
 *
 * An x of which no magnitude reaches 1e-20 is all zeros with scale 0. The sum is an i32 and cannot overflow:
 * that is what qmax is for.
 */
const f32 = Math.fround;
const INT32_MAX = 2 ** 31 - 1;
const INT16_MAX = 2 ** 15 - 1;
const SMALLEST_ABSMAX = f32(1e-20);

export interface Int8Matrix {
  /** [rows, columns], row-major */
  readonly weights: Int8Array;
  /** [rows] */
  readonly scales: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export interface QuantizedActivations {
  /** [columns], each within -qmax and qmax */
  readonly q: Int16Array;
  /** 0 where all of x is */
  readonly scale: number;
}

/** The greatest activation with which no row's sum leaves i32; weights: [rows, columns]. */
export function qmaxOf(weights: Int8Array, rows: number, columns: number): number {
  if (weights.length !== rows * columns)
    throw new Error(`${weights.length} weights for [${rows}, ${columns}]`);
  let greatest = 0;
  for (let n = 0; n < rows; n++) {
    const row = weights.subarray(n * columns, (n + 1) * columns);
    greatest = Math.max(
      greatest,
      row.reduce((sum, w) => sum + Math.abs(w), 0),
    );
  }
  return Math.min(INT16_MAX, Math.floor(INT32_MAX / greatest));
}

export function quantizeActivations(x: Float32Array, qmax: number): QuantizedActivations {
  const absmax = x.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
  if (absmax < SMALLEST_ABSMAX) return { q: new Int16Array(x.length), scale: 0 };
  const inverse = f32(qmax / absmax);
  return { q: Int16Array.from(x, (value) => roundToEven(f32(value * inverse))), scale: f32(absmax / qmax) };
}

/** x: [columns], init and y: [rows]; init is zeros unless given, qmax that of the matrix. */
export function matvecInt8(
  matrix: Int8Matrix,
  x: Float32Array,
  init = new Float32Array(matrix.rows),
  qmax = qmaxOf(matrix.weights, matrix.rows, matrix.columns),
): Float32Array {
  const { weights, scales, rows, columns } = matrix;
  if (x.length !== columns) throw new Error(`${columns} activations expected, ${x.length} came`);
  const { q, scale } = quantizeActivations(x, qmax);
  return Float32Array.from({ length: rows }, (_, n) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += weights[n * columns + k]! * q[k]!;
    if (Math.abs(sum) > INT32_MAX) throw new Error(`row ${n} sums to ${sum}, which is no i32`);
    return f32(init[n]! + f32(f32(sum) * f32(scales[n]! * scale)));
  });
}

/** The nearest integer, the even one of two: what f32.nearest and i32x4 conversions after it give. */
export function roundToEven(value: number): number {
  const below = Math.floor(value);
  const fraction = value - below;
  if (fraction !== 0.5) return fraction < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
