// exp(x) = 2ⁿ exp(f), n = round(x / ln 2), |f| ≤ ½ ln 2, exp(f) = 1 + f + f² P(f) (coefficients of Cephes' expf).
//
// x is clamped to [-87, 88], so the result lies in [1.6e-38, 1.7e38]. Relative error at most 8.2e-8 in that range
// (tools/exhaustive); below it the absolute error is at most 1.7e-38. NaN gives NaN: a product, since adding n to the
// exponent of a NaN would make a number of some.

const LOG2E: f32 = 1.44269504089;
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
const MAGIC: f32 = 12582912; // 1.5 * 2²³: rounds to an integer and leaves it in the low mantissa bits
const ONE: i32 = 0x3f800000; // the bits of 1; with n added to the exponent those of 2ⁿ

export function exp(x: f32): f32 {
  x = x < <f32>-87 ? <f32>-87 : x;
  x = <f32>88 < x ? <f32>88 : x;
  const t = x * LOG2E + MAGIC, n = t - MAGIC;
  const f = x - n * LN2_HIGH - n * LN2_LOW;
  let p = <f32>1.9875691500e-4 * f + <f32>1.3981999507e-3;
  p = p * f + <f32>8.3334519073e-3;
  p = p * f + <f32>4.1665795894e-2;
  p = p * f + <f32>1.6666665459e-1;
  p = p * f + <f32>5.0000001201e-1;
  const r = p * (f * f) + f + <f32>1;
  return r * reinterpret<f32>((reinterpret<i32>(t) << 23) + ONE);
}

// @ts-ignore: decorator
@inline
export function expVector(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87)), f32x4.splat(88));
  const t = f32x4.add(f32x4.mul(x, f32x4.splat(LOG2E)), f32x4.splat(MAGIC)), n = f32x4.sub(t, f32x4.splat(MAGIC));
  let f = f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  f = f32x4.sub(f, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.9875691500e-4), f), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(5.0000001201e-1));
  const r = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(f, f)), f), f32x4.splat(1));
  return f32x4.mul(r, i32x4.add(i32x4.shl(t, 23), i32x4.splat(ONE)));
}
