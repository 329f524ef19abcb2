import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  halfCosine,
  learningRateAt,
  type PlateauSchedule,
  readSchedule,
  type ScheduleName,
  type StepSchedule,
} from '../../src/train/schedule.ts';
import { firstVerdict, judge } from '../../src/train/verdicts.ts';

const rates = (type: ScheduleName, warmup: number, updates: number) =>
  Array.from({ length: updates }, (_, u) =>
    learningRateAt(u, { schedule: { type }, learningRate: 0.5, warmup, updates }),
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

describe('as PyTorch has them', () => {
  const { schedules } = JSON.parse(
    readFileSync(new URL('../golden/fixtures/train/optimizers.json', import.meta.url), 'utf8'),
  ) as {
    schedules: {
      readonly schedule: StepSchedule | PlateauSchedule;
      readonly learningRate: number;
      readonly validation: readonly number[] | null;
      readonly rates: readonly number[];
    }[];
  };

  it.each(schedules.map((each) => [each.schedule.type, each] as const))('%s', (_, golden) => {
    const schedule = readSchedule(golden.schedule);
    const verdict = firstVerdict(golden.learningRate);
    const updates = golden.rates.length;
    const found = golden.rates.map((_, update) => {
      const { learningRate } = verdict;
      const rate = learningRateAt(update, { schedule, learningRate, warmup: 0, updates });
      if (golden.validation) judge(verdict, golden.validation[update]!, { schedule, earlyStopping: null });
      return rate;
    });
    // A power by squaring rounds otherwise than one factor after the other.
    for (const [i, rate] of found.entries()) expect(rate / golden.rates[i]!).toBeCloseTo(1, 12);
    expect(new Set(found).size).toBeGreaterThan(5);
  });

  it('step counts from the end of the warm-up', () => {
    const schedule = { type: 'step', every: 2, factor: 0.5 } as const;
    const options = { schedule, learningRate: 0.5, warmup: 2, updates: 8 };
    expect(Array.from({ length: 8 }, (_, u) => learningRateAt(u, options))).toEqual([
      0.25, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125,
    ]);
  });
});

describe('verdicts', () => {
  const losses = [5, 4, 4.5, 3.9, 3.8, 3.95, Number.NaN, 3.7];

  /** The epoch after which it is enough, and those that were the lowest, counted from 1. */
  const follow = (patience: number, minDelta: number) => {
    const verdict = firstVerdict(1);
    const lowest: number[] = [];
    for (const [i, loss] of losses.entries()) {
      const options = { schedule: { type: 'constant' }, earlyStopping: { patience, minDelta } } as const;
      if (judge(verdict, loss, options)) lowest.push(i + 1);
      if (verdict.stopped) return { epoch: i + 1, lowest };
    }
    return { epoch: undefined, lowest };
  };

  it('stop after as many epochs in a row without an improvement', () => {
    expect(follow(1, 0)).toEqual({ epoch: 3, lowest: [1, 2] });
    expect(follow(2, 0)).toEqual({ epoch: 7, lowest: [1, 2, 4, 5] });
    expect(follow(3, 0)).toEqual({ epoch: undefined, lowest: [1, 2, 4, 5, 8] });
  });

  it('an improvement is one by more than minDelta, from the last that was; the lowest is the lowest', () => {
    expect(follow(2, 0.15)).toEqual({ epoch: 4, lowest: [1, 2, 4] });
    expect(follow(3, 0.15)).toEqual({ epoch: 8, lowest: [1, 2, 4, 5, 8] });
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
