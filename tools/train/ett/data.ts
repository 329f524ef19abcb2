/**
 * ETTh1 (Zhou et al. 2021, "Informer"): the hourly oil temperature OT of a transformer, in °C, over two years. The parts
 * are those of the paper: 12 months of 30 days to learn from, 4 to choose on, 4 to test on.
 */
import { createReadStream } from 'node:fs';
import { measureScaling, readCsv, type Scaling } from '../../../src/index.ts';

export const HORIZONS = [24, 48] as const;
export type Horizon = (typeof HORIZONS)[number];

const MONTH = 30 * 24;
const ENDS = { training: 12 * MONTH, validation: 16 * MONTH, test: 20 * MONTH } as const;

export type Part = 'validation' | 'test';

/** The hours at which forecasts are made, each of the `horizon` hours after it. */
export interface Windows {
  readonly first: number;
  /** One behind the last. */
  readonly end: number;
}

export interface Ett {
  readonly horizon: Horizon;
  /** °C, hour by hour, up to the end of the test part. */
  readonly values: Float32Array;
  /** Mean and standard deviation over the training part, of the input and of each hour ahead. */
  readonly scaling: { readonly inputs: Scaling; readonly targets: Scaling };
  /** Inputs [timesteps], and targets [timesteps, horizon] that end with the training part. */
  readonly training: {
    readonly inputs: Float32Array;
    readonly targets: Float32Array;
    readonly timesteps: number;
  };
}

/** Where the data lie: they are not in this repository, since their licence (CC BY-ND 4.0) allows no derivatives. */
export function ettFile(): string | undefined {
  const { RIVULET_SHARED } = process.env;
  return RIVULET_SHARED === undefined ? undefined : `${RIVULET_SHARED}/data/ett/ETTh1.csv`;
}

export async function readEtt(file: string, horizon: Horizon): Promise<Ett> {
  const data = await readCsv(createReadStream(file), { inputs: 'OT', targets: 'OT', horizon });
  return ettOf(data.inputs.subarray(0, ENDS.test), horizon);
}

/** @param values at least as many hours as all parts have */
export function ettOf(values: Float32Array, horizon: Horizon): Ett {
  const { center, scale } = measureScaling(values.subarray(0, ENDS.training), 1);
  const repeated = (list: readonly number[]) => Array.from({ length: horizon }, () => list[0]!);
  const timesteps = ENDS.training - horizon;
  const targets = new Float32Array(timesteps * horizon);
  for (let t = 0; t < timesteps; t++) targets.set(values.subarray(t + 1, t + 1 + horizon), t * horizon);
  return {
    horizon,
    values,
    scaling: { inputs: { center, scale }, targets: { center: repeated(center), scale: repeated(scale) } },
    training: { inputs: values.subarray(0, timesteps), targets, timesteps },
  };
}

/** All forecasts whose hours lie within a part, one each hour, as the paper's code has them. */
export function windowsOf(part: Part, horizon: Horizon): Windows {
  const from = part === 'validation' ? ENDS.training : ENDS.validation;
  return { first: from - 1, end: ENDS[part] - horizon };
}

/** The hours of the training part. */
export const TRAINING_HOURS = ENDS.training;
