import { RivuletError, show } from '../errors.ts';
import type {
  Activation,
  GraphInput,
  GraphNode,
  ModelDefinition,
  RecurrentTensors,
  Tensor,
  TokenizerDefinition,
} from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { ACTIVATIONS } from '../graph/nodes/node-kind.ts';
import { GATES } from '../graph/nodes/recurrent.ts';
import { MAX_SIZE } from '../graph/parse.ts';
import { inferShapes } from '../graph/validate.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { parseTokenizer } from '../text/tokenizer.ts';
import { Draws, Purpose } from './draws.ts';
import { fillOrthogonal, fillUniform, glorotBound, type Stream } from './weights.ts';

/** A layer; it reads the one before it. `name` is that of its node and begins the names of its tensors. */
export type LayerSpec = { readonly name?: string } & (
  | { readonly type: 'embedding'; readonly size: number }
  | { readonly type: 'rnn'; readonly units: number; readonly nonlinearity?: 'tanh' | 'relu' }
  | { readonly type: 'lstm'; readonly units: number }
  | { readonly type: 'gru'; readonly units: number; readonly resetAfter?: boolean }
  | {
      readonly type: 'dense';
      readonly units: number;
      readonly activation?: Activation;
      readonly bias?: boolean;
    }
);

/** A model before it has weights: one input, and layers one after the other. */
export interface ModelSpec {
  /** The only input; where not given, `tokens`, as many as the tokenizer has. */
  readonly inputs?: readonly [GraphInput];
  readonly layers: readonly LayerSpec[];
  readonly tokenizer?: TokenizerDefinition;
}

/**
 * A model with random weights: the same bits for the same seed on every engine.
 *
 *     recurrent matrices   orthogonal, gate by gate (Saxe, McClelland and Ganguli 2014)
 *     other matrices       U(-a, a), a = sqrt(6 / (inputs + units)), gate by gate (Glorot and Bengio 2010)
 *     embedding            U(-1, 1)
 *     biases               0, but 1 for the forget gate of an LSTM (Jozefowicz, Zaremba and Sutskever 2015)
 *
 * Layers are named `embedding`, `lstm`, `gru`, `rnn`, `dense`, a last dense one `head`; recurrent layers of one type and
 * size that follow each other are one stack `lstm.l0`, `lstm.l1` … Tensors have the names of a PyTorch state_dict. The
 * output is `logits` where tokens come in and a dense layer of as many units is last, else `output`.
 *
 * @param seed a non-negative safe integer
 * @param runtime whose generator draws the numbers; the definition does not depend on it
 * @throws RivuletError `invalid-argument`, `invalid-graph`, `invalid-tokenizer`, naming the layer
 */
export function initialize(spec: ModelSpec, seed: number, runtime: Runtime): ModelDefinition {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RivuletError('invalid-argument', `seed must be a non-negative safe integer, got ${show(seed)}`);
  }
  const { input, layers, tokenizer } = readSpec(spec);
  const stream: Stream = { draws: new Draws(runtime, seed, Purpose.Weights), index: 0 };
  const tensors = new Map<string, Tensor>();
  const nodes: GraphNode[] = [];
  let reads = { name: input.name, size: input.size };
  for (const { layer, node, module, suffix } of nameLayers(layers)) {
    const size = layer.type === 'embedding' ? layer.size : layer.units;
    const prefix: Prefix = (role) => `${module}.${role}${suffix}`;
    nodes.push(makeNode(layer, { name: node, input: reads.name }, prefix, reads.size, tensors, stream));
    reads = { name: node, size };
  }
  const last = layers.at(-1)!;
  const isLanguageModel =
    input.kind === 'tokens' &&
    last.type === 'dense' &&
    last.units === input.size &&
    last.activation !== 'softmax';
  const definition: ModelDefinition = {
    graph: {
      inputs: [input],
      outputs: [{ name: isLanguageModel ? 'logits' : 'output', from: reads.name }],
      nodes,
    },
    tensors,
    ...(tokenizer && { tokenizer }),
  };
  inferShapes(definition);
  return definition;
}

interface CheckedSpec {
  readonly input: GraphInput;
  readonly layers: readonly LayerSpec[];
  readonly tokenizer: TokenizerDefinition | undefined;
}

function readSpec(spec: ModelSpec): CheckedSpec {
  return readFields(spec, 'spec', 'invalid-argument', (fields) => {
    const tokenizer = fields.has('tokenizer') ? parseTokenizer(fields.value('tokenizer')) : undefined;
    const layers = fields.array('layers').map(readLayer);
    if (layers.length === 0) throw invalid('spec: layers must hold at least one layer');
    return { input: readInput(fields, tokenizer), layers, tokenizer };
  });
}

function readInput(fields: Fields, tokenizer: TokenizerDefinition | undefined): GraphInput {
  if (!fields.has('inputs')) {
    if (tokenizer) return { name: 'tokens', kind: 'tokens', size: tokenizer.vocabulary.length };
    throw invalid('spec: inputs must be given where there is no tokenizer, [{ name, kind, size }]');
  }
  const inputs = fields.array('inputs');
  if (inputs.length !== 1) throw invalid(`spec: inputs must hold one input, got ${inputs.length}`);
  return readFields(inputs[0], 'spec: inputs[0]', 'invalid-argument', (input) => ({
    name: input.name('name'),
    kind: input.oneOf('kind', ['features', 'tokens']),
    size: input.integer('size', 1, MAX_SIZE),
  }));
}

function readLayer(json: unknown, index: number): LayerSpec {
  return readFields(json, `spec: layers[${index}]`, 'invalid-argument', (fields): LayerSpec => {
    const type = fields.oneOf('type', ['embedding', 'rnn', 'lstm', 'gru', 'dense']);
    const name = fields.has('name') ? { name: fields.name('name') } : {};
    if (type === 'embedding') return { ...name, type, size: fields.integer('size', 1, MAX_SIZE) };
    const units = fields.integer('units', 1, MAX_SIZE);
    if (type === 'lstm') return { ...name, type, units };
    if (type === 'rnn') {
      const nonlinearity = fields.has('nonlinearity')
        ? fields.oneOf('nonlinearity', ['tanh', 'relu'])
        : 'tanh';
      return { ...name, type, units, nonlinearity };
    }
    if (type === 'gru') {
      return {
        ...name,
        type,
        units,
        resetAfter: fields.has('resetAfter') ? fields.boolean('resetAfter') : true,
      };
    }
    return {
      ...name,
      type,
      units,
      bias: fields.has('bias') ? fields.boolean('bias') : true,
      ...(fields.has('activation') && { activation: fields.oneOf('activation', ACTIVATIONS) }),
    };
  });
}

interface NamedLayer {
  readonly layer: LayerSpec;
  readonly node: string;
  /** What the names of its tensors begin with, and what those of a recurrent layer end with. */
  readonly module: string;
  readonly suffix: string;
}

function nameLayers(layers: readonly LayerSpec[]): readonly NamedLayer[] {
  const taken = new Map<string, number>();
  const named: NamedLayer[] = [];
  for (let first = 0; first < layers.length; ) {
    const layer = layers[first]!;
    let end = first + 1;
    while (end < layers.length && isSameStack(layer, layers[end]!)) end++;
    const module = layer.name ?? freeName(defaultName(layer, end === layers.length), taken);
    for (let at = first; at < end; at++) {
      const node = end - first > 1 ? `${module}.l${at - first}` : module;
      named.push({ layer: layers[at]!, node, module, suffix: isRecurrent(layer) ? `_l${at - first}` : '' });
    }
    first = end;
  }
  return named;
}

function isSameStack(a: LayerSpec, b: LayerSpec): boolean {
  return isRecurrent(a) && JSON.stringify(a) === JSON.stringify(b) && a.name === undefined;
}

function isRecurrent({ type }: LayerSpec): boolean {
  return type === 'rnn' || type === 'lstm' || type === 'gru';
}

function defaultName({ type }: LayerSpec, isLast: boolean): string {
  return type === 'dense' && isLast ? 'head' : type;
}

/** `dense`, then `dense2`, `dense3` … */
function freeName(name: string, taken: Map<string, number>): string {
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  return count === 1 ? name : `${name}${count}`;
}

type Prefix = (role: string) => string;

function makeNode(
  layer: LayerSpec,
  head: { readonly name: string; readonly input: string },
  prefix: Prefix,
  inputs: number,
  tensors: Map<string, Tensor>,
  stream: Stream,
): GraphNode {
  const add = (role: string, shape: readonly number[], data: Float32Array): string => {
    const name = prefix(role);
    if (tensors.has(name)) throw invalid(`spec: two layers are named ${show(head.name)}`);
    tensors.set(name, { dtype: 'F32', shape, data });
    return name;
  };
  switch (layer.type) {
    case 'embedding': {
      const weight = fillUniform(new Float32Array(inputs * layer.size), 1, stream);
      return { ...head, type: 'embedding', tensors: { weight: add('weight', [inputs, layer.size], weight) } };
    }
    case 'dense': {
      const { units, activation, bias } = layer;
      const weight = fillUniform(new Float32Array(units * inputs), glorotBound(inputs, units), stream);
      return {
        ...head,
        type: 'dense',
        tensors: {
          weight: add('weight', [units, inputs], weight),
          ...(bias !== false && { bias: add('bias', [units], new Float32Array(units)) }),
        },
        ...(activation && { activation }),
      };
    }
    case 'rnn':
      return {
        ...head,
        type: 'rnn',
        tensors: makeRecurrent(layer, inputs, add, stream),
        nonlinearity: layer.nonlinearity ?? 'tanh',
      };
    case 'lstm':
      return { ...head, type: 'lstm', tensors: makeRecurrent(layer, inputs, add, stream) };
    case 'gru':
      return {
        ...head,
        type: 'gru',
        tensors: makeRecurrent(layer, inputs, add, stream),
        resetAfter: layer.resetAfter ?? true,
      };
  }
}

function makeRecurrent(
  { type, units }: Extract<LayerSpec, { type: 'rnn' | 'lstm' | 'gru' }>,
  inputs: number,
  add: (role: string, shape: readonly number[], data: Float32Array) => string,
  stream: Stream,
): RecurrentTensors {
  const gates = GATES[type];
  const rows = gates * units;
  const weightIh = fillUniform(new Float32Array(rows * inputs), glorotBound(inputs, units), stream);
  const weightHh = new Float32Array(rows * units);
  for (let gate = 0; gate < gates; gate++) {
    fillOrthogonal(weightHh.subarray(gate * units * units, (gate + 1) * units * units), units, stream);
  }
  const biasIh = new Float32Array(rows);
  // Gate order i, f, g, o.
  if (type === 'lstm') biasIh.fill(1, units, 2 * units);
  return {
    weight_ih: add('weight_ih', [rows, inputs], weightIh),
    weight_hh: add('weight_hh', [rows, units], weightHh),
    bias_ih: add('bias_ih', [rows], biasIh),
    bias_hh: add('bias_hh', [rows], new Float32Array(rows)),
  };
}

function invalid(message: string): RivuletError {
  return new RivuletError('invalid-argument', message);
}
