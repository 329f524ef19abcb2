import type { VectorLayer } from '../build/apply.ts';
import { model } from '../build/model.ts';
import { tensorName } from '../build/names.ts';
import { dense, embedding } from '../build/pointwise.ts';
import { gru, lstm, rnn } from '../build/recurrent.ts';
import { outputName } from '../build/sequential.ts';
import {
  type Naming,
  type Origin,
  type Tokens,
  tokens,
  type Value,
  type Vector,
  input as vector,
} from '../build/value.ts';
import { RivuletError } from '../errors.ts';
import { parseActivation } from '../graph/activation.ts';
import type { Activation, GraphInput, ModelDefinition, TokenizerDefinition } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { MAX_SIZE } from '../graph/limits.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { parseTokenizer } from '../text/tokenizer.ts';

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
 * A model with random weights, drawn as `model` of the builder draws them: the same bits for the same seed on every
 * engine.
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
  const { input, layers, tokenizer } = readSpec(spec);
  const first = input.kind === 'tokens' ? tokens(input.name, input.size) : vector(input.name, input.size);
  let value: Value = first;
  for (const { layer, naming } of nameLayers(layers)) value = named(applyLayer(layer, value), naming);
  const last = value as Vector;
  const outputs = { [outputName(first, last)]: last };
  return model({ inputs: [first], outputs, seed, runtime, ...(tokenizer && { tokenizer }) });
}

/** A layer refuses itself what it cannot read. */
function applyLayer(layer: LayerSpec, value: Value): Vector {
  if (layer.type === 'embedding') return embedding(value.size, layer.size)(value as Tokens);
  return layerOf(layer)(value as Vector);
}

function layerOf(layer: Exclude<LayerSpec, { type: 'embedding' }>): VectorLayer {
  const { units } = layer;
  switch (layer.type) {
    case 'rnn':
      return rnn(units, { nonlinearity: layer.nonlinearity ?? 'tanh' });
    case 'lstm':
      return lstm(units);
    case 'gru':
      return gru(units, { resetAfter: layer.resetAfter ?? true });
    case 'dense':
      return dense(units, {
        bias: layer.bias ?? true,
        ...(layer.activation && { activation: layer.activation }),
      });
  }
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
      ...(fields.has('activation') && { activation: parseActivation(fields, 'activation') }),
    };
  });
}

interface NamedLayer {
  readonly layer: LayerSpec;
  readonly naming: Naming;
}

function nameLayers(layers: readonly LayerSpec[]): readonly NamedLayer[] {
  const taken = new Map<string, number>();
  const named: NamedLayer[] = [];
  for (let first = 0; first < layers.length; ) {
    const layer = layers[first]!;
    let end = first + 1;
    while (end < layers.length && isSameStack(layer, layers[end]!)) end++;
    const module = layer.name ?? freeName(defaultName(layer, end === layers.length), taken);
    layers.slice(first, end).forEach((each, index, stack) => {
      const node = stack.length > 1 ? `${module}.l${index}` : module;
      const tensor = (role: string) => tensorName(each.type, module, role, index);
      named.push({ layer: each, naming: { node, tensor } });
    });
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

function named(value: Vector, naming: Naming): Vector {
  return { ...value, origin: { ...value.origin, naming } as Origin };
}

function invalid(message: string): RivuletError {
  return new RivuletError('invalid-argument', message);
}
