import { HORIZONS, type Horizon } from './data.ts';

/** All that the bits of a trained model follow from, besides the data. */
export interface Recipe {
  readonly horizon: Horizon;
  /** Units of the GRU. */
  readonly hidden: number;
  /** Hours that the linear part sees; 0 without it. */
  readonly reach: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly unroll: number;
  /** Of Adam; it falls along half a cosine. */
  readonly learningRate: number;
  readonly quantizationAware: 'int8';
  readonly seed: number;
}

/** What the validation part chooses from: short windows with many updates, and long ones with few. */
export const CANDIDATES: readonly Recipe[] = HORIZONS.flatMap((horizon) =>
  [0, 336].flatMap((reach) =>
    [16, 32].flatMap((hidden) =>
      [
        { unroll: 96, epochs: 120 },
        { unroll: 336, epochs: 60 },
      ].map((windows) => ({
        horizon,
        hidden,
        reach,
        ...windows,
        batchSize: 4,
        learningRate: 0.003,
        quantizationAware: 'int8' as const,
        seed: 1,
      })),
    ),
  ),
);

/** A linear model: least squares with a ridge, from the hours of a window to each hour ahead. */
export interface LinearRecipe {
  readonly horizon: Horizon;
  readonly window: number;
  readonly ridge: number;
}

export const LINEAR_CANDIDATES: readonly LinearRecipe[] = HORIZONS.flatMap((horizon) =>
  [24, 48, 96, 168, 336, 504].flatMap((window) => [1, 100].map((ridge) => ({ horizon, window, ridge }))),
);

/**
 * Candidates with what they reached on the validation part, networks the larger error of float32 and int8:
 * models/ett/choices.json.
 */
export interface Choices {
  readonly networks: readonly (Recipe & { readonly validation: number })[];
  readonly linear: readonly (LinearRecipe & { readonly validation: number })[];
}

/** The candidate of a horizon with the least error on the validation part. */
export function best<T extends { readonly horizon: Horizon; readonly validation: number }>(
  candidates: readonly T[],
  horizon: Horizon,
): T {
  const own = candidates.filter((candidate) => candidate.horizon === horizon);
  if (own.length === 0) throw new Error(`there are no choices for ${horizon} hours: run with --choose first`);
  return own.reduce((least, candidate) => (candidate.validation < least.validation ? candidate : least));
}
