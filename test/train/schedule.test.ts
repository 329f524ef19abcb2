import { describe, expect, it } from 'vitest';
import { halfCosine, learningRateAt, type Schedule } from '../../src/train/schedule.ts';

const rates = (schedule: Schedule, warmup: number, updates: number) =>
  Array.from({ length: updates }, (_, u) =>
    learningRateAt(u, { schedule, learningRate: 0.5, warmup, updates }),
  );

describe('learning rates', () => {
  it('constant', () => expect(rates('constant', 0, 3)).toEqual([0.5, 0.5, 0.5]));

  it('linear: falls in equal steps, and would be 0 at the update after the last', () => {
    expect(rates('linear', 0, 4)).toEqual([0.5, 0.375, 0.25, 0.125]);
  });

  it('cosine: lr * 0.5 * (1 + cos(pi * step / steps)), half a cosine', () => {
    rates('cosine', 0, 50).forEach((rate, u) => {
      expect(rate).toBeCloseTo(0.5 * 0.5 * (1 + Math.cos((Math.PI * u) / 50)), 15);
    });
  });

  it('warmup: rises to the whole rate, then the schedule over the rest', () => {
    expect(rates('constant', 4, 6)).toEqual([0.125, 0.25, 0.375, 0.5, 0.5, 0.5]);
    expect(rates('linear', 2, 4)).toEqual([0.25, 0.5, 0.5, 0.25]);
  });
});

describe('half a cosine', () => {
  it('begins with exactly 1 and ends with exactly 0', () => {
    expect(halfCosine(0)).toBe(1);
    expect(halfCosine(1)).toBe(0);
  });

  it('is within 3e-16 of (1 + cos(pi p)) / 2, and never rises', () => {
    for (let i = 0; i < 1000; i++) {
      const p = i / 1000;
      expect(Math.abs(halfCosine(p) - (1 + Math.cos(Math.PI * p)) / 2)).toBeLessThan(3e-16);
      expect(halfCosine(p + 0.001)).toBeLessThan(halfCosine(p));
    }
  });
});
