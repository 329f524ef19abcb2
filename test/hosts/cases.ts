/** What every host streams: three small models as files, and their inputs. Seeded, so the bytes never change. */
import { serializeModel } from '../../src/formats/model-file.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';

export interface HostCase {
  readonly name: string;
  /** The model file. */
  readonly model: Uint8Array;
  /** Features [timesteps, size], or tokens [timesteps]. */
  readonly inputs: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  /** Epochs of fine-tuning on the inputs before they are streamed; none by default. */
  readonly epochs?: number;
}

const SEED = 9_101;
const TIMESTEPS = 500;
const FEATURES = 7;
const VOCABULARY = 29;

/** The LSTM that the first case streams. */
export const LSTM = randomModel({
  cell: 'lstm',
  input: FEATURES,
  hidden: 33,
  depth: 2,
  output: 5,
  seed: SEED,
  scale: 2,
});

const LANGUAGE_MODEL = randomModel({
  cell: 'gru-after',
  vocabulary: VOCABULARY,
  input: 11,
  hidden: 37,
  depth: 1,
  output: VOCABULARY,
  seed: SEED + 1,
  scale: 2,
});

/** What a host that trains fine-tunes first: float32, and int8, which is dequantized and quantized again. */
export function trainingCases(): HostCase[] {
  const inputs = new Random(SEED + 3).integers(TIMESTEPS, 0, VOCABULARY) as Uint32Array<ArrayBuffer>;
  const int8 = quantize(LANGUAGE_MODEL, { weights: 'int8' }).definition;
  return [
    { name: 'gru float32, tuned', model: serializeModel(LANGUAGE_MODEL), inputs, epochs: 2 },
    { name: 'gru int8, tuned', model: serializeModel(int8), inputs, epochs: 2 },
  ];
}

export function hostCases(): HostCase[] {
  const random = new Random(SEED + 2);
  const features = random.uniforms(TIMESTEPS * FEATURES, -2, 2) as Float32Array<ArrayBuffer>;
  const tokens = random.integers(TIMESTEPS, 0, VOCABULARY) as Uint32Array<ArrayBuffer>;
  const int8 = { weights: 'int8' } as const;
  return [
    { name: 'lstm float32', model: serializeModel(LSTM), inputs: features },
    { name: 'lstm int8', model: serializeModel(quantize(LSTM, int8).definition), inputs: features },
    {
      name: 'embedding, gru int8, dense',
      model: serializeModel(quantize(LANGUAGE_MODEL, int8).definition),
      inputs: tokens,
    },
  ];
}
