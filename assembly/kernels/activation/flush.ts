// A state of magnitude below 1e-20 becomes 0: what decays in silence never becomes denormal, which some processors
// multiply a hundred times slower.

const SMALLEST: f32 = 1e-20;

export function flush(x: f32): f32 {
  return abs<f32>(x) >= SMALLEST ? x : 0;
}

// @ts-ignore: decorator
@inline
export function flushVector(x: v128, smallest: v128): v128 {
  return v128.and(x, f32x4.ge(f32x4.abs(x), smallest));
}

// @ts-ignore: decorator
@inline
export function smallest(): v128 {
  return f32x4.splat(SMALLEST);
}
