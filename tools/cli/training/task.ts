import { type ModelDefinition, RivuletError, type Runtime } from '../../../src/index.ts';
import { initialize } from '../../../src/train/initialize.ts';
import type { TrainingOptions } from '../../../src/train/options.ts';
import { refuseOverwriting } from '../files.ts';
import { layersFor, type Recipe, readRecipe } from './recipe.ts';
import { fitText, openText, type TextRecord, tokenizerOf } from './text.ts';

/** What a recipe makes of its texts: everything that the bits of the model follow from. */
export interface Task {
  readonly definition: ModelDefinition;
  readonly text: string;
  readonly options: TrainingOptions;
  readonly record: TaskRecord;
  /** What was replaced in the texts or left out, a sentence for each text. */
  readonly notes: readonly string[];
}

export interface TaskRecord {
  readonly recipe: Recipe;
  readonly data: TextRecord;
  /** A text, or the last fraction of the data. */
  readonly validation?: TextRecord | number;
}

export interface TaskOptions {
  /** In the place of the recipe's. */
  readonly data?: string;
  readonly validation?: string | number;
  readonly skipUnknown: boolean;
  /** Files that will be written, which none of those read may be. */
  readonly written: readonly string[];
}

/** @throws RivuletError `invalid-argument`, `invalid-file`, `unknown-character` in the validation text */
export async function readTask(path: string, options: TaskOptions, runtime: Runtime): Promise<Task> {
  const { recipe, ...files } = await readRecipe(path);
  const data = options.data ?? files.data;
  if (data === undefined) {
    throw new RivuletError('invalid-argument', `${path} names no "data": add it, or give --data FILE`);
  }
  const validation = options.validation ?? files.validation;
  await refuseOverwriting([path, data, validation], options.written);
  const text = await openText(data);
  const tokenizer = tokenizerOf(text.text);
  const layers = layersFor(recipe, tokenizer.vocabulary.length);
  const { seed } = recipe;
  const definition = initialize({ layers, tokenizer }, seed, runtime);
  const heldOut = typeof validation === 'string' ? await openText(validation) : undefined;
  const fitted = heldOut && fitText(heldOut, tokenizer, options.skipUnknown);
  const set = fitted ? { validation: fitted.text } : validation === undefined ? {} : { validation };
  return {
    definition,
    text: text.text,
    options: { ...recipe.training, seed, ...(set as Pick<TrainingOptions, 'validation'>) },
    record: {
      recipe,
      data: text.record,
      ...(validation !== undefined && { validation: heldOut?.record ?? (validation as number) }),
    },
    notes: fitted && fitted.note !== '' ? [fitted.note] : [],
  };
}
