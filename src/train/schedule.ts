// The learning rate over a training of n updates, u = 0 … n - 1, with warm-up over the first w:
//
//   u < w:      rate * (u + 1) / w
//   constant:   rate
//   linear:     rate * (1 - p)                      p = (u - w) / (n - w)
//   cosine:     rate * (1 + cos(pi p)) / 2          half a cosine, down to 0 (Loshchilov and Hutter 2017, without restarts)
//   step:       rate * factor^floor((u - w) / every)
//   plateau:    rate, which the validation losses lower (see verdicts.ts)

import { readFields } from '../graph/fields.ts';
import { BETWEEN, integer, NOT_NEGATIVE, number } from './ranges.ts';

/** Falls by `factor` again and again, after every so many updates behind the warm-up. */
export interface StepSchedule {
  readonly type: 'step';
  /** Updates. */
  readonly every: number;
  /** 0.1 unless given, above 0 and below 1. */
  readonly factor?: number;
}

/** Falls by `factor` where the validation loss falls no more. */
export interface PlateauSchedule {
  readonly type: 'plateau';
  /** After so many epochs in a row without an improvement: 5 unless given, at least 1. */
  readonly patience?: number;
  /** 0.1 unless given, above 0 and below 1. */
  readonly factor?: number;
  /** An improvement is a validation loss that is lower than the best before it by more than this: 0 unless given. */
  readonly minDelta?: number;
  /** The lowest learning rate: 0 unless given. */
  readonly min?: number;
}

export type ScheduleName = 'constant' | 'linear' | 'cosine';
export type Schedule = ScheduleName | { readonly type: ScheduleName } | StepSchedule | PlateauSchedule;
export type ResolvedSchedule =
  | { readonly type: ScheduleName }
  | Required<StepSchedule>
  | Required<PlateauSchedule>;

const NAMES = ['constant', 'linear', 'cosine', 'step', 'plateau'] as const;

export interface ScheduleOptions {
  readonly schedule: ResolvedSchedule;
  readonly learningRate: number;
  /** Updates over which the rate rises from nothing, fewer than `updates`. */
  readonly warmup: number;
  /** In all. */
  readonly updates: number;
}

/**
 * @param value a name, or an object with the name as its `type`
 * @throws RivuletError `invalid-argument`, naming the option
 */
export function readSchedule(value: unknown): ResolvedSchedule {
  const given = typeof value === 'string' ? { type: value } : value;
  return readFields(given, 'options: schedule', 'invalid-argument', (fields) => {
    const type = fields.oneOf('type', NAMES);
    if (type !== 'step' && type !== 'plateau') return { type };
    const factor = number(fields, 'factor', 0.1, BETWEEN);
    if (type === 'step') return { type, every: integer(fields, 'every', 1, undefined), factor };
    return {
      type,
      patience: integer(fields, 'patience', 1, 5),
      factor,
      minDelta: number(fields, 'minDelta', 0, NOT_NEGATIVE),
      min: number(fields, 'min', 0, NOT_NEGATIVE),
    };
  });
}

/** The learning rate of update number `update`, counted from 0. */
export function learningRateAt(update: number, options: ScheduleOptions): number {
  const { schedule, learningRate, warmup, updates } = options;
  if (update < warmup) return (learningRate * (update + 1)) / warmup;
  const progress = (update - warmup) / (updates - warmup);
  switch (schedule.type) {
    case 'linear':
      return learningRate * (1 - progress);
    case 'cosine':
      return learningRate * halfCosine(progress);
    case 'step':
      return learningRate * power(schedule.factor, Math.floor((update - warmup) / schedule.every));
    default:
      return learningRate;
  }
}

/** x to an integer power by squaring: Math.pow may differ between engines in its last bit. */
function power(x: number, exponent: number): number {
  let result = 1;
  for (let n = exponent; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= x;
    x *= x;
  }
  return result;
}

/** (1 + cos(pi p)) / 2 for p in 0 … 1, which is cos(pi p / 2)²; falls from exactly 1 to exactly 0. */
export function halfCosine(p: number): number {
  // 1.5707963267948966: pi / 2 as a float64. Math.cos may differ between engines in its last bit.
  const root = p <= 0.5 ? cosine(1.5707963267948966 * p) : sine(1.5707963267948966 * (1 - p));
  return root * root;
}

/** Taylor's series to x^16: for |x| <= pi / 4 the rest is below 1e-17. */
function cosine(x: number): number {
  const square = x * x;
  let sum = 1;
  for (let n = 16; n >= 2; n -= 2) sum = 1 - (sum * square) / (n * (n - 1));
  return sum;
}

/** Taylor's series to x^17. */
function sine(x: number): number {
  const square = x * x;
  let sum = 1;
  for (let n = 17; n >= 3; n -= 2) sum = 1 - (sum * square) / (n * (n - 1));
  return x * sum;
}
