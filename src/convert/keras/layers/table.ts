/** Every layer class that is read, by its name. */
import { activation, elu, leakyRelu, prelu, relu, softmax } from './activation.ts';
import { bidirectional } from './bidirectional.ts';
import type { Layer } from './context.ts';
import { averagePooling, conv1d, globalAveragePooling, globalMaxPooling, maxPooling } from './convolution.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import { dropout, flatten, masking, reshape, trainingOnly } from './identity.ts';
import { add, average, concatenate, merge, multiply, subtract } from './merging.ts';
import { batchNormalization, layerNormalization } from './normalization.ts';
import { RECURRENT, recurrent } from './recurrent.ts';
import { timeDistributed } from './wrapper.ts';

/** Layers that see one timestep at a time. */
const WITHIN: Readonly<Record<string, Layer>> = {
  Activation: activation,
  ActivityRegularization: trainingOnly,
  AlphaDropout: trainingOnly,
  AveragePooling1D: averagePooling,
  BatchNormalization: batchNormalization,
  Conv1D: conv1d,
  Convolution1D: conv1d,
  Dense: dense,
  Dropout: dropout,
  ELU: elu,
  Flatten: flatten,
  GaussianDropout: trainingOnly,
  GaussianNoise: trainingOnly,
  LayerNormalization: layerNormalization,
  LeakyReLU: leakyRelu,
  MaxPooling1D: maxPooling,
  PReLU: prelu,
  ReLU: relu,
  Reshape: reshape,
  Softmax: softmax,
  SpatialDropout1D: trainingOnly,
};

const within = timeDistributed((className) => lookUp(WITHIN, className));

const LAYERS: Readonly<Record<string, Layer>> = {
  ...WITHIN,
  ...Object.fromEntries(RECURRENT.map((className) => [className, recurrent])),
  Add: add,
  Average: average,
  Bidirectional: bidirectional,
  Concatenate: concatenate,
  Embedding: embedding,
  GlobalAveragePooling1D: globalAveragePooling,
  GlobalMaxPooling1D: globalMaxPooling,
  Masking: masking,
  Merge: merge,
  Multiply: multiply,
  Subtract: subtract,
  TimeDistributed: within,
  TimeDistributedDense: dense,
};

export const LAYER_NAMES = Object.keys(LAYERS).sort();

/** Layers that may stand between an input of tokens and its embedding. */
const TAKES_TOKENS = new Set(['Embedding', 'Dropout', 'Masking']);

export function layerOf(className: string): Layer | undefined {
  return lookUp(LAYERS, className);
}

/** Whether a layer decides itself what an input is. */
export function takesTokens(className: string): boolean {
  return TAKES_TOKENS.has(className);
}

function lookUp(table: Readonly<Record<string, Layer>>, className: string): Layer | undefined {
  return Object.hasOwn(table, className) ? table[className] : undefined;
}
