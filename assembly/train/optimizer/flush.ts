// A moment below 1e-30 becomes 0: those of a token that does not come any more would decay into denormal numbers.

export const SMALLEST: f32 = 1e-30;

// @ts-ignore: decorator
@inline
export function flushed(x: f32): f32 {
  return abs<f32>(x) >= SMALLEST ? x : 0;
}

/** @param tiny SMALLEST, four times */
// @ts-ignore: decorator
@inline
export function flushedVector(x: v128, tiny: v128): v128 {
  return v128.and(x, f32x4.ge(f32x4.abs(x), tiny));
}
