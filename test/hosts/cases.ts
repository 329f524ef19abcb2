/** What every host streams: small models as files, and their inputs. Seeded, so the bytes never change. */
import { serializeModel } from '../../src/formats/model-file.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { Draft, features, tokens } from '../contract/variant.ts';
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

const BIASES = ['bias_ih', 'bias_hh'];
const NORMS = ['norm_ih_weight', 'norm_hh_weight', 'norm_c_weight'];

/** Every operation that streams and that the models above do not have. */
function allParts(): ModelDefinition {
  const draft = new Draft(features(FEATURES), SEED + 4);
  const weight = draft.tensor('conv.weight', [9, FEATURES, 3], 0.4);
  draft.add({
    type: 'convolution',
    name: 'conv',
    input: 'input',
    tensors: { weight },
    dilation: 2,
    activation: 'elu',
  });
  const kernel = draft.tensor('frame.weight', [5, 3, 2], 0.5);
  draft.add({
    type: 'frame-convolution',
    name: 'frame',
    input: 'conv',
    tensors: { weight: kernel },
    padding: 1,
  });
  draft.add({ type: 'frame-pooling', name: 'max', input: 'frame', operation: 'max', channels: 5, kernel: 2 });
  draft.add({
    type: 'frame-pooling',
    name: 'mean',
    input: 'frame',
    operation: 'average',
    channels: 5,
    kernel: 2,
  });
  draft.add({ type: 'concat', name: 'pooled', inputs: ['max', 'mean', 'conv'] });
  draft.add({ type: 'layernorm', name: 'norm', input: 'pooled', tensors: {} });
  draft.cell(
    'lstm',
    'lstm',
    29,
    17,
    { projected: 13, cellClip: 2, gateClip: 3, gateActivation: 'hard-sigmoid' },
    [...[...BIASES, ...NORMS, 'peephole', 'weight_hr', 'h0', 'c0']],
  );
  draft.cell('lstm', 'coupled', 13, 11, { coupled: true, candidateActivation: 'softsign' }, BIASES);
  draft.cell('gru', 'gru', 11, 15, {
    resetAfter: false,
    candidateActivation: { type: 'clip', low: -1, high: 1 },
  });
  draft.cell('mingru', 'mingru', 15, 15, {}, ['bias_ih']).cell('minlstm', 'minlstm', 15, 15, {}, ['bias_ih']);
  draft.add({ type: 'add', name: 'sum', inputs: ['gru', 'minlstm'] });
  draft.add({ type: 'mul', name: 'product', inputs: ['sum', 'mingru'] });
  draft.cell('rnn', 'rnn', 15, 19, { nonlinearity: { type: 'leaky-relu', alpha: 0.1 } });
  draft.add({ type: 'time-pooling', name: 'largest', input: 'rnn', operation: 'max' });
  draft.add({ type: 'time-pooling', name: 'average', input: 'rnn', operation: 'mean' });
  draft.add({ type: 'concat', name: 'all', inputs: ['rnn', 'largest', 'average'] });
  draft.add({ type: 'slice', name: 'some', input: 'all', start: 3, size: 45 });
  return draft.dense('head', 45, 5, { activation: 'softmax' }).definition();
}

/** Variants of cells, trained. */
function variants(): ModelDefinition {
  const draft = new Draft(tokens(VOCABULARY), SEED + 5).embedding('embedding', VOCABULARY, 9);
  draft.cell('lstm', 'lstm', 9, 17, { coupled: true }, [...BIASES, ...NORMS, 'peephole', 'h0', 'c0']);
  draft.add({ type: 'dropout', name: 'dropout', input: 'lstm', rate: 0.1 });
  draft.cell('gru', 'gru', 17, 13, { resetAfter: true, gateActivation: 'hard-sigmoid' });
  draft.cell('minlstm', 'minlstm', 13, 13, { candidateActivation: 'tanh' }, ['bias_ih', 'h0']);
  draft.add({ type: 'add', name: 'residual', inputs: ['gru', 'minlstm'] });
  return draft.dense('head', 13, VOCABULARY).definition();
}

/** What a host that trains fine-tunes first: float32, and int8, which is dequantized and quantized again. */
export function trainingCases(): HostCase[] {
  const inputs = new Random(SEED + 3).integers(TIMESTEPS, 0, VOCABULARY) as Uint32Array<ArrayBuffer>;
  const int8 = quantize(LANGUAGE_MODEL, { weights: 'int8' }).definition;
  return [
    { name: 'gru float32, tuned', model: serializeModel(LANGUAGE_MODEL), inputs, epochs: 2 },
    { name: 'gru int8, tuned', model: serializeModel(int8), inputs, epochs: 2 },
    { name: 'variants float32, tuned', model: serializeModel(variants()), inputs, epochs: 2 },
  ];
}

export function hostCases(): HostCase[] {
  const random = new Random(SEED + 2);
  const values = random.uniforms(TIMESTEPS * FEATURES, -2, 2) as Float32Array<ArrayBuffer>;
  const words = random.integers(TIMESTEPS, 0, VOCABULARY) as Uint32Array<ArrayBuffer>;
  const int8 = { weights: 'int8' } as const;
  return [
    { name: 'lstm float32', model: serializeModel(LSTM), inputs: values },
    { name: 'lstm int8', model: serializeModel(quantize(LSTM, int8).definition), inputs: values },
    {
      name: 'embedding, gru int8, dense',
      model: serializeModel(quantize(LANGUAGE_MODEL, int8).definition),
      inputs: words,
    },
    { name: 'all parts float32', model: serializeModel(allParts()), inputs: values },
    { name: 'all parts int8', model: serializeModel(quantize(allParts(), int8).definition), inputs: values },
  ];
}
