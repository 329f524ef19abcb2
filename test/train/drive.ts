/** Trainers of the bitwise cases, their windows and updates. */
import { Trainer, type TrainerOptions } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { Random } from '../reference/random.ts';
import { randomWindow, type TrainBitwiseCase } from './bitwise-cases.ts';
import { bits, trainRuntime } from './cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
export type BuildName = keyof typeof runtimes;

export const ADAM = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clipNorm: 0.5,
};
const SGD = { learningRate: 0.05, momentum: 0.9, weightDecay: 0.01, clipNorm: 0.5 };

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
  optimizer = 'adam',
): number[] {
  return windows.map((window) => {
    const { loss } = trainer.window(window, timesteps);
    if (optimizer === 'adam') trainer.updateAdam(ADAM);
    else trainer.updateSgd(SGD);
    return loss;
  });
}

export function windowsOf(each: TrainBitwiseCase, count: number, seed: number): WindowInput[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => randomWindow(each, each.unroll * each.batchSize, random));
}
