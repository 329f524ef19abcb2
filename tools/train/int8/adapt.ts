import { readFileSync } from 'node:fs';
import {
  evaluateText,
  loadModel,
  loadModelSync,
  type ModelDefinition,
  quantize,
  type Runtime,
  Training,
  type TrainingOptions,
} from '../../../src/index.ts';
import { FLOAT32 } from '../../models/char-lm/files.ts';

/** Of models/char-lm on another text. */
export interface Adaptation {
  /** Of the text, whose last tenth is held out; what the model cannot read is left out. */
  readonly text: string;
  readonly updates: number;
  /** Held-out characters that the losses are of. */
  readonly characters: number;
}

/** Nats per character, one stream from the zero state. */
export interface Losses {
  readonly float32: number;
  readonly int8: number;
}

const OPTIONS: TrainingOptions = { epochs: 100, batchSize: 16, unroll: 64, learningRate: 0.001, seed: 1 };

/** Before, and after as many updates in float32 and with the rounding of int8. */
export async function* adapt(
  runtime: Runtime,
  { text, updates, characters }: Adaptation,
): AsyncGenerator<[name: string, losses: Losses]> {
  using model = loadModelSync(readFileSync(FLOAT32), { runtime });
  const { definition } = model;
  const known = new Set(definition.tokenizer!.vocabulary);
  const readable = Array.from(text).filter((character) => known.has(character));
  const cut = Math.floor(0.9 * readable.length);
  const held = readable.slice(cut, cut + characters).join('');
  const seen = readable.slice(0, cut).join('');
  yield ['as it is', await lossesOf(runtime, definition, held)];
  for (const [name, more] of [
    ['trained in float32', {}],
    ['trained for int8', { quantizationAware: 'int8' }],
  ] as const) {
    using training = new Training(runtime, definition, seen, { ...OPTIONS, ...more });
    for (let i = 0; i < updates; i++) training.step();
    yield [name, await lossesOf(runtime, training.definition(), held)];
  }
}

async function lossesOf(runtime: Runtime, definition: ModelDefinition, held: string): Promise<Losses> {
  using float32 = await loadModel(definition, { runtime });
  using int8 = quantize(float32, { weights: 'int8' }).model;
  const [a, b] = [float32, int8].map((model) => evaluateText(model.createSession(), held).loss);
  return { float32: a!, int8: b! };
}
