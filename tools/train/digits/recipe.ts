import type { Task } from './strings.ts';

/** All that the bits of a trained model follow from. */
export interface Recipe {
  readonly task: Task;
  /** Of the embeddings. */
  readonly embedded: number;
  /** Of each half of the encoder, and of the decoder. */
  readonly hidden: number;
  readonly batchSize: number;
  readonly updates: number;
  /** Of Adam, after the warm-up; it falls along half a cosine. */
  readonly learningRate: number;
  /** Updates over which it rises from nothing. */
  readonly warmup: number;
  readonly clipNorm: number;
  readonly seed: number;
}

export const RECIPES: Readonly<Record<Task, Recipe>> = {
  reverse: makeRecipe('reverse', 3000),
  sort: makeRecipe('sort', 3000),
};

function makeRecipe(task: Task, updates: number): Recipe {
  return {
    task,
    embedded: 16,
    hidden: 64,
    batchSize: 64,
    updates,
    learningRate: 5e-3,
    warmup: 100,
    clipNorm: 1,
    seed: 1,
  };
}
