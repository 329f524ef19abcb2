/**
 * The greatest |actual - expected| / max(1, |expected|): absolute where values are bounded by 1, relative
 * beyond. Infinity where lengths differ or a number is not finite, so that a comparison with a bound then
 * fails.
 */
export function scaledError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let greatest = 0;
  for (let n = 0; n < expected.length; n++) {
    const error = Math.abs(actual[n]! - expected[n]!) / Math.max(1, Math.abs(expected[n]!));
    if (!Number.isFinite(error)) return Number.POSITIVE_INFINITY;
    greatest = Math.max(greatest, error);
  }
  return greatest;
}
