import { type ModelDefinition, type Runtime, Training } from '../../../src/index.ts';
import type { Ett } from './data.ts';
import { makeNetwork, trainableOf } from './network.ts';
import type { Recipe } from './recipe.ts';

export interface EpochLoss {
  readonly epoch: number;
  /** Mean squared error in standardized units. */
  readonly loss: number;
}

/**
 * A model from random weights: the training part as one stream, its state carried on; at every hour the loss of the next
 * `horizon` hours. It reads and gives °C.
 */
export function train(
  recipe: Recipe,
  { training: data, scaling }: Ett,
  runtime: Runtime,
  report: (epoch: EpochLoss) => void,
): ModelDefinition {
  const { horizon: _, hidden: __, reach: ___, ...options } = recipe;
  using training = new Training(runtime, makeNetwork(recipe, runtime), data, {
    ...options,
    schedule: 'cosine',
    trainable: trainableOf(recipe),
    normalization: scaling,
  });
  while (!training.finished) {
    const { epoch, epochLoss: loss } = training.step();
    if (loss !== undefined) report({ epoch, loss });
  }
  const definition = training.definition();
  return { ...definition, metadata: { ...definition.metadata, training: JSON.stringify(recipe) } };
}
