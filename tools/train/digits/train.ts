import { serializeModel } from '../../../src/formats/model-file.ts';
import type { Runtime } from '../../../src/index.ts';
import { learningRateAt } from '../../../src/train/schedule.ts';
import { Trainer } from '../../../src/train/trainer.ts';
import { LONGEST, makeBatch } from './batches.ts';
import { makeNetwork } from './network.ts';
import type { Recipe } from './recipe.ts';
import { trainingStrings } from './strings.ts';

const ADAM = { type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 } as const;

export interface Progress {
  readonly updates: number;
  /** Of the last batch, before its update; nats per token. */
  readonly loss: number;
}

/** A model trained from random weights, as a file. */
export function train(recipe: Recipe, runtime: Runtime, report: (progress: Progress) => void): Uint8Array {
  const { task, batchSize, updates, learningRate, warmup, clipNorm, seed } = recipe;
  const trainer = new Trainer(runtime, makeNetwork(recipe, runtime), {
    batchSize,
    unroll: LONGEST.decoded,
    encoderUnroll: LONGEST.source,
    loss: 'cross-entropy',
  });
  const next = trainingStrings(runtime, seed);
  for (let update = 0; update < updates; update++) {
    const batch = makeBatch(Array.from({ length: batchSize }, next), task);
    const { loss } = trainer.window(batch, batch.timesteps);
    const rate = learningRateAt(update, { schedule: { type: 'cosine' }, learningRate, warmup, updates });
    trainer.update({ ...ADAM, learningRate: rate, clipNorm });
    report({ updates: update + 1, loss });
  }
  const definition = trainer.definition();
  trainer.dispose();
  return serializeModel({ ...definition, metadata: { training: JSON.stringify(recipe) } });
}
