// The learning rate over a training of n updates, u = 0 … n - 1, with warm-up over the first w:
//
//   u < w:      rate * (u + 1) / w
//   constant:   rate
//   linear:     rate * (1 - p)                 p = (u - w) / (n - w)
//   cosine:     rate * (1 + cos(pi p)) / 2     half a cosine, down to 0 (Loshchilov and Hutter 2017, without restarts)

export const SCHEDULES = ['constant', 'linear', 'cosine'] as const;
export type Schedule = (typeof SCHEDULES)[number];

export interface ScheduleOptions {
  readonly schedule: Schedule;
  readonly learningRate: number;
  /** Updates over which the rate rises from nothing, fewer than `updates`. */
  readonly warmup: number;
  /** In all. */
  readonly updates: number;
}

/** The learning rate of update number `update`, counted from 0. */
export function learningRateAt(update: number, options: ScheduleOptions): number {
  const { schedule, learningRate, warmup, updates } = options;
  if (update < warmup) return (learningRate * (update + 1)) / warmup;
  const progress = (update - warmup) / (updates - warmup);
  if (schedule === 'linear') return learningRate * (1 - progress);
  if (schedule === 'cosine') return learningRate * halfCosine(progress);
  return learningRate;
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
