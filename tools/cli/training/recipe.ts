/**
 * A recipe says how a language model is made, as JSON:
 *
 *     {
 *       "model": { "layers": [
 *         { "type": "embedding", "size": 64 },
 *         { "type": "lstm", "units": 384 },
 *         { "type": "dense", "units": "vocabulary" }
 *       ] },
 *       "data": "train.txt",                    paths are read from the recipe's folder
 *       "validation": "validation.txt",         or the last fraction of the data, 0.1 for instance
 *       "training": { "epochs": 20, "batchSize": 32, … },
 *       "seed": 1
 *     }
 *
 * Layers are those of `initialize`, training options those of `TrainingOptions`.
 */
import { dirname, resolve } from 'node:path';
import { readFields } from '../../../src/graph/fields.ts';
import { RivuletError } from '../../../src/index.ts';
import type { LayerSpec } from '../../../src/train/initialize.ts';
import type { TrainingOptions } from '../../../src/train/options.ts';
import { readText, reasonOf } from '../files.ts';

export interface Recipe {
  /** `units` may be the word `vocabulary`. */
  readonly model: { readonly layers: readonly unknown[] };
  readonly training: Omit<TrainingOptions, 'validation' | 'seed'>;
  /** Of the first weights, the order of the data and dropout. */
  readonly seed: number;
}

export interface RecipeFile {
  readonly recipe: Recipe;
  /** Paths; undefined where the command line has to name it. */
  readonly data: string | undefined;
  readonly validation: string | number | undefined;
}

/** @throws RivuletError `invalid-file`, `invalid-argument` naming the field */
export async function readRecipe(path: string): Promise<RecipeFile> {
  const fromHere = (file: string) => resolve(dirname(path), file);
  return readFields(parseJson(await readText(path), path), path, 'invalid-argument', (fields) => {
    const model = fields.object('model', (inner) => ({ layers: inner.array('layers') }));
    const validation = fields.value('validation');
    return {
      recipe: {
        model,
        training: fields.has('training') ? readTraining(fields.value('training'), path) : {},
        seed: fields.has('seed') ? fields.integer('seed', 0, Number.MAX_SAFE_INTEGER) : 0,
      },
      data: fields.has('data') ? fromHere(fields.name('data')) : undefined,
      validation:
        validation === undefined || typeof validation === 'number'
          ? validation
          : fromHere(fields.name('validation')),
    };
  });
}

/** The layers with numbers for units; `initialize` checks them. */
export function layersFor({ model }: Recipe, vocabulary: number): readonly LayerSpec[] {
  return model.layers.map((layer) => {
    const isHead =
      typeof layer === 'object' && layer !== null && 'units' in layer && layer.units === 'vocabulary';
    return (isHead ? { ...layer, units: vocabulary } : layer) as LayerSpec;
  });
}

/** `Training` checks the options; what stands elsewhere in a recipe is refused here. */
function readTraining(value: unknown, path: string): Recipe['training'] {
  for (const field of ['validation', 'seed']) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) continue;
    throw new RivuletError(
      'invalid-argument',
      `${path}: "${field}" stands beside "training", not in it: move it up`,
    );
  }
  return value as Recipe['training'];
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RivuletError('invalid-argument', `${path} is not JSON: ${reasonOf(cause)}`, { cause });
  }
}
