/** Trainers of the bitwise cases, their windows and updates. */
import type { OptimizerName, OptimizerStep } from '../../src/train/optimizers/table.ts';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { Random } from '../reference/random.ts';
import { randomWindow, type TrainBitwiseCase } from './bitwise-cases.ts';
import { bits, trainRuntime } from './cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
export type BuildName = keyof typeof runtimes;

const SIZE = { weightDecay: 0.01, clipNorm: 0.5 };
export const ADAMW = {
  type: 'adamw',
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  ...SIZE,
} as const;

/** One step of each optimizer, with every option away from what would leave it out. */
export const STEPS: { readonly [Name in OptimizerName]: Extract<OptimizerStep, { type: Name }> } = {
  adam: { ...ADAMW, type: 'adam', clipValue: 0.02 },
  adamw: ADAMW,
  rmsprop: {
    type: 'rmsprop',
    learningRate: 1e-3,
    alpha: 0.9,
    epsilon: 1e-8,
    momentum: 0.9,
    centered: true,
    ...SIZE,
  },
  sgd: { type: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true, ...SIZE },
};

export function trainerOf(
  each: TrainBitwiseCase,
  build: BuildName = 'simd',
  more: Partial<TrainerOptions> = {},
): Trainer {
  const { definition, batchSize, unroll, loss } = each;
  return new Trainer(runtimes[build], definition, { batchSize, unroll, loss, ...more });
}

/** All numbers of a map as words. */
export function words(tensors: ReadonlyMap<string, Float32Array>): [string, Uint32Array][] {
  return [...tensors].map(([name, values]) => [name, bits(values)]);
}

/** Windows of `timesteps`, each followed by an update; gives the losses. */
export function train(
  trainer: Trainer,
  windows: readonly WindowInput[],
  timesteps: number,
  optimizer: OptimizerName = 'adamw',
): number[] {
  return windows.map((window) => {
    const { loss } = trainer.window(window, timesteps);
    trainer.update(STEPS[optimizer]);
    return loss;
  });
}

export function windowsOf(each: TrainBitwiseCase, count: number, seed: number): WindowInput[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => randomWindow(each, each.unroll * each.batchSize, random));
}
