/** Activations by name, as an option of layers, and the layers that are one. */
import { RivuletError } from '../../../errors.ts';
import type { Activation, GateActivation } from '../../../graph/definition.ts';
import type { Flow } from '../builder.ts';
import { checkLastAxis, inputOf, type Layer, type LayerContext, vectorSize } from './context.ts';

const RELU6 = { type: 'clip', low: 0, high: 6 } as const;

/** By Keras' names; null is none. hard_sigmoid depends on the version. */
const ACTIVATIONS: Readonly<Record<string, Activation | null>> = {
  linear: null,
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  relu: 'relu',
  softmax: 'softmax',
  log_softmax: 'log-softmax',
  softsign: 'softsign',
  elu: { type: 'elu', alpha: 1 },
  relu6: RELU6,
  leaky_relu: { type: 'leaky-relu', alpha: 0.2 },
  hard_tanh: { type: 'clip', low: -1, high: 1 },
};

/** The activation that an option names; null for none. */
export function readActivation(
  context: LayerContext,
  usual: string,
  ...names: readonly string[]
): Activation | null {
  const { options, place } = context;
  const value = options.value(...names) ?? usual;
  // TF.js may write names in its own style.
  const name =
    typeof value === 'string' ? value.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : '';
  if (name === 'hard_sigmoid') return hardSigmoid(context);
  if (Object.hasOwn(ACTIVATIONS, name)) return ACTIVATIONS[name]!;
  const known = [...Object.keys(ACTIVATIONS), 'hard_sigmoid'].join(', ');
  throw typeof value === 'string'
    ? new RivuletError('unsupported-operator', `${place}: ${names[0]} is "${value}"; supported are ${known}`)
    : options.unsupported(names[0]!, value, `one of ${known}, by name`);
}

/** The same within a cell. */
export function readGateActivation(
  context: LayerContext,
  usual: string,
  ...names: readonly string[]
): GateActivation {
  const activation = readActivation(context, usual, ...names) ?? 'identity';
  if (activation !== 'softmax' && activation !== 'log-softmax' && activation !== 'sqrt') return activation;
  throw context.options.unsupported(names[0]!, activation, 'an elementwise activation within a cell');
}

/** Keras changed it: .2 x + .5 until version 2, x / 6 + .5 from version 3. */
function hardSigmoid({ builder, version, place }: LayerContext): Activation {
  if (version === undefined) {
    throw new RivuletError(
      'unsupported-operator',
      `${place}: hard_sigmoid is 0.2 x + 0.5 up to Keras 2 and x / 6 + 0.5 from Keras 3, and the file does not say ` +
        'which made it; add "keras_version" to the JSON of the model',
    );
  }
  const alpha = version.major >= 3 ? 1 / 6 : 0.2;
  builder.notes.add(
    `hard_sigmoid is that of ${version.text}: ${version.major >= 3 ? 'x / 6' : '0.2 x'} + 0.5`,
  );
  return { type: 'hard-sigmoid', alpha, beta: 0.5 };
}

/** A node of its own; none for a linear one. */
function addActivation(context: LayerContext, input: Flow, activation: Activation | null): Flow {
  const { builder, className, name } = context;
  if (activation === null) {
    builder.folded.push(`${name} (${className}): the value itself`);
    return input;
  }
  if (activation === 'softmax' || activation === 'log-softmax') vectorSize(input, context.place);
  builder.add({ name, type: 'activation', input: input.from, activation }, className);
  return { ...input, from: name };
}

export const activation: Layer = (context) =>
  addActivation(context, inputOf(context), readActivation(context, 'linear', 'activation'));

export const softmax: Layer = (context) => {
  const input = inputOf(context);
  checkLastAxis(context, input);
  return addActivation(context, input, 'softmax');
};

/** The slope below zero has had several names. */
export const leakyRelu: Layer = (context) => {
  const alpha = context.options.number(0.3, 'negative_slope', 'alpha');
  return addActivation(context, inputOf(context), { type: 'leaky-relu', alpha });
};

export const elu: Layer = (context) => {
  const alpha = context.options.number(1, 'alpha');
  return addActivation(context, inputOf(context), { type: 'elu', alpha });
};

/** alpha: [features]; timesteps share it. */
export const prelu: Layer = (context) => {
  const { options, arrays, builder, className, name, place } = context;
  const input = inputOf(context);
  const size = vectorSize(input, place);
  const shared = options.value('shared_axes');
  const isShared = input.time !== 'each' || (Array.isArray(shared) && shared.length === 1 && shared[0] === 1);
  if (!isShared) throw options.unsupported('shared_axes', shared, '[1], the timesteps');
  const alpha = arrays.take('alpha', 0, input.time === 'each' ? [1, size] : [size]);
  const weight = builder.tensor(`${name}.weight`, [size], alpha);
  builder.add({ name, type: 'prelu', input: input.from, tensors: { weight } }, className);
  return { ...input, from: name };
};

export const relu: Layer = (context) => {
  const { options } = context;
  const slope = options.number(0, 'negative_slope');
  const highest = options.value('max_value');
  options.only(0, 'threshold');
  const input = inputOf(context);
  if (highest === undefined)
    return addActivation(context, input, slope === 0 ? 'relu' : { type: 'leaky-relu', alpha: slope });
  if (typeof highest !== 'number' || highest < 0 || slope !== 0)
    throw options.unsupported('max_value', highest, 'a number of at least 0, with negative_slope 0');
  return addActivation(context, input, { type: 'clip', low: 0, high: highest });
};
