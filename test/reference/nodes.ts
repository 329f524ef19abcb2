/** What each type of node computes, over a whole sequence of one stream: layer by layer, values in autodiff.ts. */
import type { BatchNormNode, GraphNode, NodeType, QuantizeNode } from '../../src/graph/definition.ts';
import {
  activate,
  add,
  affine,
  concat,
  dot,
  leaf,
  map,
  matvec,
  maximum,
  mul,
  pick,
  reciprocal,
  scale,
  slice,
  softmax,
  standardize,
  sub,
  type Value,
  zeros,
} from './autodiff.ts';
import { causalConvolution, frameConvolution, framePooling } from './frames.ts';
import { type CellState, cellOf, type RecurrentNode } from './recurrent.ts';

/** A value each timestep. */
export type Sequence = readonly Value[];

/** What a node computes with. */
export interface NodeContext {
  /** The sequence of an input or a node before this one. */
  read(name: string): Sequence;
  tensor(name: string): Value;
  /** A state of this node as the sequence finds it; nothing where the node decides. */
  before(state: string): Value | undefined;
  /** A state of this node as the sequence leaves it. */
  keep(state: string, value: Value): void;
  /** The sequence of a node of the encoder. */
  encoded(name: string): Sequence;
  /** The gates of a recurrent node, each timestep. */
  keepGates(gates: Sequence): void;
}

type Compute<N> = (node: N, context: NodeContext) => Sequence;
type Computes = { readonly [T in NodeType]: Compute<Extract<GraphNode, { type: T }>> };

const recurrent: Compute<RecurrentNode> = (node, context) => {
  const { direction = 'forward', merge = 'concat' } = node;
  const x = context.read(node.input);
  if (direction !== 'both') return runHalf(node, x, direction === 'backward', '', context);
  const forward = runHalf(node, x, false, '', context);
  const backward = runHalf(node, x, true, 'reverse', context);
  return forward.map((value, t) => {
    const other = backward[t]!;
    if (merge === 'concat') return concat(value, other);
    if (merge === 'mul') return mul(value, other);
    return affine(add(value, other), merge === 'sum' ? 1 : 0.5);
  });
};

/** One direction; `half` is '' or 'reverse', which tensors and states of direction `both` have in their names. */
function runHalf(
  node: RecurrentNode,
  x: Sequence,
  backward: boolean,
  half: string,
  context: NodeContext,
): Sequence {
  const [role, state] = half ? [`_${half}`, `${half}.`] : ['', ''];
  const names: Readonly<Record<string, string | undefined>> = { ...node.tensors };
  const cell = cellOf(node, (base) => {
    const name = names[`${base}${role}`];
    return name === undefined ? undefined : context.tensor(name);
  });
  let present: CellState = Object.fromEntries(
    Object.entries(cell.initial).map(([name, value]) => [name, context.before(`${state}${name}`) ?? value]),
  );
  const steps = (backward ? x.toReversed() : x).map((value) => {
    const step = cell.step(value, present);
    present = step.state;
    return step;
  });
  for (const [name, value] of Object.entries(present)) context.keep(`${state}${name}`, value);
  const ordered = backward ? steps.reverse() : steps;
  context.keepGates(ordered.map(({ gates }) => gates));
  return ordered.map(({ state: { h } }) => h!);
}

export const COMPUTE: Computes = {
  embedding: (node, context) => {
    const weight = context.tensor(node.tensors.weight);
    const [vocabulary, size] = weight.shape as [number, number];
    return context.read(node.input).map(({ data: [token] }) => {
      if (!Number.isInteger(token) || token! < 0 || token! >= vocabulary)
        throw new Error(`token ${token} in a vocabulary of ${vocabulary}`);
      return slice(weight, token! * size, size);
    });
  },

  dense: (node, context) => {
    const weight = context.tensor(node.tensors.weight);
    const bias = node.tensors.bias === undefined ? undefined : context.tensor(node.tensors.bias);
    return context.read(node.input).map((x) => {
      const y = matvec(weight, x);
      return activate(bias ? add(y, bias) : y, node.activation);
    });
  },

  rnn: recurrent,
  lstm: recurrent,
  gru: recurrent,
  mingru: recurrent,
  minlstm: recurrent,

  activation: (node, context) => context.read(node.input).map((x) => activate(x, node.activation)),
  add: (node, context) => merged(node.inputs, context, (values) => add(...values)),
  sub: (node, context) => merged(node.inputs, context, ([a, b]) => sub(a!, b!)),
  mul: (node, context) => merged(node.inputs, context, (values) => values.reduce(mul)),
  div: (node, context) => merged(node.inputs, context, ([a, b]) => mul(a!, reciprocal(b!))),
  affine: ({ input, tensors }, context) =>
    context.read(input).map((x) => {
      const scaled = tensors.weight === undefined ? x : mul(x, context.tensor(tensors.weight));
      return tensors.bias === undefined ? scaled : add(scaled, context.tensor(tensors.bias));
    }),
  prelu: ({ input, tensors }, context) =>
    context.read(input).map((x) => {
      const below = map(
        x,
        (value) => Math.min(value, 0),
        (value) => (value > 0 ? 0 : 1),
      );
      return add(activate(x, 'relu'), mul(below, context.tensor(tensors.weight)));
    }),
  quantize: ({ input, ...range }, context) => context.read(input).map((x) => quantized(x, range)),
  concat: (node, context) => merged(node.inputs, context, (values) => concat(...values)),
  slice: (node, context) => context.read(node.input).map((x) => slice(x, node.start, node.size)),
  dropout: (node, context) => context.read(node.input),

  layernorm: ({ input, tensors, epsilon = 1e-5 }, context) =>
    context.read(input).map((x) => {
      const standard = standardize(x, epsilon);
      const scaled = tensors.weight === undefined ? standard : mul(standard, context.tensor(tensors.weight));
      return tensors.bias === undefined ? scaled : add(scaled, context.tensor(tensors.bias));
    }),

  batchnorm: (node, context) => context.read(node.input).map((x) => batchNorm(node, x, context)),

  convolution: (node, context) => {
    const { stride = 1, dilation = 1 } = node;
    const { weight, bias } = filters(node.tensors, context);
    const [, channels, kernel] = weight.shape as [number, number, number];
    let past = context.before('past') ?? zeros(channels * (kernel - 1) * dilation);
    const outputs = context.read(node.input).map((x) => {
      const step = causalConvolution(x, past, weight, bias, { stride, dilation });
      past = step.past;
      return activate(step.y, node.activation);
    });
    context.keep('past', past);
    return outputs;
  },

  'frame-convolution': (node, context) => {
    const { stride = 1, dilation = 1, padding = 0, layout = 'channels-last' } = node;
    const { weight, bias } = filters(node.tensors, context);
    return context
      .read(node.input)
      .map((x) =>
        activate(frameConvolution(x, weight, bias, { stride, dilation, padding, layout }), node.activation),
      );
  },

  'frame-pooling': (node, context) => {
    const { stride = node.kernel, padding = 0, layout = 'channels-last' } = node;
    return context.read(node.input).map((x) => framePooling(x, { ...node, stride, padding, layout }));
  },

  'time-pooling': ({ input, operation }, context) => {
    let total = context.before('total');
    let count = context.before('count')?.data[0] ?? 0;
    const outputs = context.read(input).map((x) => {
      if (total === undefined) total = x;
      else total = operation === 'max' ? maximum(total, x) : add(total, x);
      count++;
      return operation === 'mean' ? affine(total, 1 / count) : total;
    });
    if (total) context.keep('total', total);
    context.keep('count', leaf([count]));
    return outputs;
  },

  // A single timestep; what comes after it, the graph keeps.
  state: ({ size, tensors }, context) => [
    context.before('value') ??
      (tensors.initial === undefined ? zeros(size) : context.tensor(tensors.initial)),
  ],

  attention: (node, context) => {
    const memory = context.encoded(node.memory);
    return context.read(node.input).map((query) => {
      const scores = concat(...memory.map((vector) => affine(dot(query, vector), node.scale ?? 1)));
      const weights = softmax(scores);
      return add(...memory.map((vector, j) => scale(vector, slice(weights, j, 1))));
    });
  },
};

export function compute(node: GraphNode, context: NodeContext): Sequence {
  // The table pairs each type with its own function; TypeScript cannot follow that through an index.
  return (COMPUTE[node.type] as Compute<GraphNode>)(node, context);
}

function merged(
  names: readonly string[],
  context: NodeContext,
  merge: (values: readonly Value[]) => Value,
): Sequence {
  const sequences = names.map((name) => context.read(name));
  return sequences[0]!.map((_, t) => merge(sequences.map((sequence) => sequence[t]!)));
}

function filters(tensors: { readonly weight: string; readonly bias?: string }, context: NodeContext) {
  return {
    weight: context.tensor(tensors.weight),
    bias: tensors.bias === undefined ? undefined : context.tensor(tensors.bias),
  };
}

/** weight (x - running_mean) / √(running_var + epsilon) + bias, each of the channel of the value. */
function batchNorm(node: BatchNormNode, x: Value, context: NodeContext): Value {
  const { tensors, layout = 'channels-last', epsilon = 1e-5 } = node;
  const channels = context.tensor(tensors.running_mean).size;
  const channelOf = (n: number) =>
    layout === 'channels-last' ? n % channels : Math.floor(n / (x.size / channels));
  const spread = (name: string) =>
    pick(
      context.tensor(name),
      Array.from(x.data, (_, n) => channelOf(n)),
    );
  const inverseRoot = map(
    spread(tensors.running_var),
    (value) => 1 / Math.sqrt(value + epsilon),
    (_, y) => -(y ** 3) / 2,
  );
  const standard = mul(sub(x, spread(tensors.running_mean)), inverseRoot);
  const scaled = tensors.weight === undefined ? standard : mul(standard, spread(tensors.weight));
  return tensors.bias === undefined ? scaled : add(scaled, spread(tensors.bias));
}

/** The nearest of the values that integers stand for; the gradient passes where it needs no limit. */
function quantized(x: Value, { scale, zeroPoint, low, high }: Omit<QuantizeNode, 'name' | 'input'>): Value {
  const step = Math.fround(scale);
  const integer = (value: number) => roundToEven(value / step) + zeroPoint;
  return map(
    x,
    (value) => (Math.min(high, Math.max(low, integer(value))) - zeroPoint) * step,
    (value) => (integer(value) >= low && integer(value) <= high ? 1 : 0),
  );
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}
