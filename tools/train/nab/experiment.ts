/**
 * Forecasts of the series by all who are compared. What is open is chosen on the readings before the first labelled window:
 * trained on two thirds of them, and measured on the rest, streamed.
 */
import type { LearnerOptions, Runtime } from '../../../src/index.ts';
import { forecastAutoregression, forecastRecursive } from './linear.ts';
import {
  type Cell,
  forecastFrozen,
  forecastLearning,
  type Network,
  type NetworkRecipe,
  trainNetwork,
} from './neural.ts';
import type { Series, Span } from './series.ts';

/** All that is not chosen. */
export const FIXED = {
  units: 16,
  batchSize: 8,
  unroll: 48,
  learningRate: 0.01,
  window: 48,
} as const;
export const SEEDS = [1, 2, 3] as const;
export const UPDATES = [120, 240, 480] as const;
export const RATES = [3e-5, 1e-4, 3e-4, 1e-3] as const;
export const EVERY = [1, 12] as const;
export const ORDERS = [1, 2, 6, 12, 24, 48] as const;
export const FORGETTING = [1, 0.9999, 0.999, 0.99] as const;

export interface Row {
  readonly name: string;
  /** What was chosen for it, in words. */
  readonly chosen: string;
  /** Mean absolute errors in degrees, of each seed; one where there is no chance in it. */
  readonly streamed: readonly number[];
  readonly drifted: readonly number[];
  /** Of the first seed. */
  readonly forecasts: Float64Array;
  /** The row of the frozen network that it learns on from. */
  readonly frozen?: Row;
}

export interface Result {
  readonly horizon: number;
  readonly rows: readonly Row[];
}

/** From here on a frozen model may be wrong: the first labelled window that is not in the probationary period. */
export function driftOf({ windows, probation }: Series): number {
  return windows.find(({ from }) => from >= probation)!.from;
}

export function meanAbsoluteError(forecasts: Float64Array, values: Float64Array, { from, to }: Span): number {
  let sum = 0;
  for (let t = from; t < to; t++) sum += Math.abs(forecasts[t]! - values[t]!);
  return sum / (to - from);
}

/** The readings on which everything is chosen, and how many of them are trained on. */
export function choiceOf({ values, windows }: Series): { values: Float64Array; count: number; span: Span } {
  const to = windows[0]!.from;
  const count = Math.floor((2 * to) / 3);
  return { values: values.subarray(0, to), count, span: { from: count, to } };
}

export async function compare(runtime: Runtime, series: Series, horizon: number): Promise<Result> {
  const rows = [persistence(series, horizon), ...linearRows(series, horizon)];
  for (const cell of ['gru', 'mingru'] as const) {
    rows.push(...(await networkRows(runtime, series, horizon, cell)));
  }
  return { horizon, rows };
}

function persistence(series: Series, horizon: number): Row {
  const forecasts = series.values.map((_, t) => series.values[t - horizon] ?? Number.NaN);
  return row(series, 'the last value', '', [forecasts]);
}

function linearRows(series: Series, horizon: number): Row[] {
  const { values, count, span } = choiceOf(series);
  const order = best(ORDERS, (each) =>
    meanAbsoluteError(forecastAutoregression(values, count, horizon, { order: each }), values, span),
  );
  const recursive = best(
    ORDERS.flatMap((each) => FORGETTING.map((forgetting) => ({ order: each, forgetting }))),
    (each) => meanAbsoluteError(forecastRecursive(values, horizon, each), values, span),
  );
  const fitted = forecastAutoregression(series.values, series.probation, horizon, { order });
  return [
    row(series, 'linear autoregression, frozen', `${order} values`, [fitted]),
    row(
      series,
      'linear autoregression, recursive least squares',
      `${recursive.order} values, forgetting ${recursive.forgetting}`,
      [forecastRecursive(series.values, horizon, recursive)],
    ),
  ];
}

async function networkRows(runtime: Runtime, series: Series, horizon: number, cell: Cell): Promise<Row[]> {
  const { values, count, span } = choiceOf(series);
  const candidates = await Promise.all(
    UPDATES.map(async (updates) => ({
      updates,
      networks: await train(runtime, values, count, horizon, cell, updates),
    })),
  );
  const chosen = best(candidates, ({ networks }) =>
    mean(networks.map((network) => meanAbsoluteError(forecastFrozen(network, values), values, span))),
  );
  const algorithms = cell === 'mingru' ? (['bptt', 'rtrl'] as const) : (['bptt'] as const);
  const options = algorithms.map((algorithm) =>
    best(learnerOptions(algorithm), (each) =>
      mean(
        chosen.networks.map((network) =>
          meanAbsoluteError(forecastLearning(network, values, count, each), values, span),
        ),
      ),
    ),
  );
  for (const { networks } of candidates) for (const { model } of networks) model.dispose();
  const networks = await train(runtime, series.values, series.probation, horizon, cell, chosen.updates);
  const name = cell === 'gru' ? 'GRU' : 'minGRU';
  const frozen = row(
    series,
    `${name}, frozen`,
    `${chosen.updates} updates`,
    networks.map((network) => forecastFrozen(network, series.values)),
  );
  const learning = options.map((each) => ({
    ...row(
      series,
      `${name}, learning${each.algorithm === 'rtrl' ? ' (rtrl)' : ''}`,
      `rate ${each.learningRate}, every ${each.every}`,
      networks.map((network) => forecastLearning(network, series.values, series.probation, each)),
    ),
    frozen,
  }));
  for (const { model } of networks) model.dispose();
  return [frozen, ...learning];
}

function train(
  runtime: Runtime,
  values: Float64Array,
  count: number,
  horizon: number,
  cell: Cell,
  updates: number,
): Promise<Network[]> {
  const { units, batchSize, unroll, learningRate } = FIXED;
  return Promise.all(
    SEEDS.map((seed) => {
      const recipe: NetworkRecipe = { cell, units, seed, updates, batchSize, unroll, learningRate };
      return trainNetwork(runtime, values, count, horizon, recipe);
    }),
  );
}

function learnerOptions(algorithm: 'bptt' | 'rtrl'): LearnerOptions[] {
  const window = algorithm === 'bptt' ? { window: FIXED.window } : {};
  return EVERY.flatMap((every) =>
    RATES.map((learningRate) => ({ algorithm, ...window, every, learningRate })),
  );
}

function row(series: Series, name: string, chosen: string, forecasts: readonly Float64Array[]): Row {
  const { values, probation } = series;
  const errors = (from: number) =>
    forecasts.map((each) => meanAbsoluteError(each, values, { from, to: values.length }));
  return {
    name,
    chosen,
    streamed: errors(probation),
    drifted: errors(driftOf(series)),
    forecasts: forecasts[0]!,
  };
}

/** The candidate with the least error; the first of equals. */
function best<T>(candidates: readonly T[], error: (candidate: T) => number): T {
  const errors = candidates.map(error);
  return candidates[errors.indexOf(Math.min(...errors))]!;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
