import {
  generateText,
  loadModel,
  type ModelDefinition,
  RivuletError,
  type Runtime,
} from '../../../src/index.ts';

const TEMPERATURE = 0.7;
const SEED = 1;

export interface SampleOptions {
  /** What the sample goes on from; default: a new line, or the first character that there is. */
  readonly prompt?: string;
  readonly characters: number;
}

/**
 * A text of a language model, beginning with the prompt: the same for the same weights.
 *
 * @throws RivuletError `not-supported` without a tokenizer, `unknown-character`
 */
export async function sampleText(
  runtime: Runtime,
  definition: ModelDefinition,
  { prompt, characters }: SampleOptions,
): Promise<string> {
  if (!definition.tokenizer) {
    throw new RivuletError('not-supported', 'a sample needs a model with a tokenizer, and this one has none');
  }
  const { vocabulary } = definition.tokenizer;
  const start = prompt ?? (vocabulary.includes('\n') ? '\n' : vocabulary[0]!);
  const model = await loadModel(definition, { runtime });
  try {
    const options = { prompt: start, maxTokens: characters, temperature: TEMPERATURE, seed: SEED };
    return `${start}${[...generateText(model.createSession(), options)].join('')}`.trim();
  } finally {
    model.dispose();
  }
}
