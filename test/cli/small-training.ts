/** A training of a second, for the command line: what it learns is beside the point. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** From the root, where npm runs tests and tools: this file is also bundled, and then is elsewhere. */
const VALIDATION = 'models/char-lm/validation.txt';

/** The beginning of a text of the repository. */
export function text(characters: number): string {
  return readFileSync(VALIDATION, 'utf8').slice(0, characters);
}

export const RECIPE = {
  model: {
    layers: [
      { type: 'embedding', size: 8 },
      { type: 'lstm', units: 16 },
      { type: 'dense', units: 'vocabulary' },
    ],
  },
  data: 'text.txt',
  validation: 0.1 as string | number,
  training: { epochs: 3, batchSize: 8, unroll: 16, learningRate: 0.01, schedule: 'cosine', dropout: 0.1 },
  seed: 5,
};

/** Puts recipe and text into a folder; gives the recipe's path. */
export function writeRecipe(folder: string, recipe: object = RECIPE, data = text(8000)): string {
  writeFileSync(join(folder, 'text.txt'), data);
  const path = join(folder, 'recipe.json');
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}
