/**
 * The greatest |actual - expected| over the largest |expected|: how a gradient is compared, whose small entries are
 * sums of large terms. 0 where both are zero; infinity where lengths differ or a number is not finite.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let largest = 0;
  for (let n = 0; n < expected.length; n++) {
    const difference = Math.abs(actual[n]! - expected[n]!);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    error = Math.max(error, difference);
    largest = Math.max(largest, Math.abs(expected[n]!));
  }
  return error === 0 ? 0 : error / largest;
}
