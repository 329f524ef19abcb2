import { RivuletError } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { describe } from '../graph/fields.ts';
import type { VectorLayer } from './apply.ts';
import { type BuildOptions, model } from './model.ts';
import type { TokensLayer } from './pointwise.ts';
import { tokens, type Value, type Vector } from './value.ts';

export type SequentialOptions = BuildOptions & {
  /** What the first layer reads; by default, where that is an embedding, as many tokens as it has. */
  readonly input?: Value;
};

/**
 * A model of layers one after the other: `sequential([embedding(65, 64), lstm(256), dense(65)], { runtime })`. A layer is
 * a function, so a residual block is `(x) => add([x, lstm(64)(x)])`. Its output is `logits` where tokens come in and a
 * dense layer of as many units is last, else `output`.
 *
 * @throws RivuletError what `model` throws
 */
export function sequential(
  layers: readonly [TokensLayer | VectorLayer, ...VectorLayer[]],
  { input, ...options }: SequentialOptions,
): ModelDefinition {
  const first = input ?? inputOf(layers[0]);
  let value: Value = first;
  layers.forEach((layer, index) => {
    if (typeof layer !== 'function') {
      throw new RivuletError(
        'invalid-argument',
        `sequential: layers[${index}] must be a layer, a function of a value, got ${describe(layer)}`,
      );
    }
    value = (layer as (x: Value) => Vector)(value);
  });
  const last = value as Vector;
  return model({ ...options, inputs: [first], outputs: { [outputName(first, last)]: last } });
}

function inputOf(layer: TokensLayer | VectorLayer): Value {
  if (typeof layer === 'function' && 'vocabulary' in layer) return tokens('tokens', layer.vocabulary);
  throw new RivuletError(
    'invalid-argument',
    "sequential: input must be given where the first layer is no embedding: { input: input('x', 40) }",
  );
}

/** @internal The usual name of a model's only output. */
export function outputName(first: Value, { origin, size }: Vector): string {
  const isLanguageModel =
    first.kind === 'tokens' &&
    'call' in origin &&
    origin.type === 'dense' &&
    origin.fields.activation !== 'softmax' &&
    size === first.size;
  return isLanguageModel ? 'logits' : 'output';
}
