import { describe, expect, it } from 'vitest';
import { softmax } from './activations.ts';
import { scaledError } from './compare.ts';

describe('scaledError', () => {
  it('is absolute up to 1 and relative beyond', () => {
    expect(scaledError([0.5, 0.25], [0.25, 0.25])).toBe(0.25);
    expect(scaledError([-6, 0], [-8, 0])).toBe(0.25);
  });

  it('is infinite where lengths differ or a number is not finite', () => {
    expect(scaledError([], [1])).toBe(Number.POSITIVE_INFINITY);
    expect(scaledError([Number.NaN, 0], [0, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(scaledError([Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY])).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

describe('softmax', () => {
  it('does not overflow', () => {
    expect(softmax(Float64Array.of(1000, 1000))).toEqual(Float64Array.of(0.5, 0.5));
  });
});
