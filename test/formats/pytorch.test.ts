import { describe, expect, it } from 'vitest';
import { parseModelFile, serializeModel } from '../../src/formats/model-file.ts';
import { parseSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/graph/definition.ts';
import { inputsOf } from '../../src/graph/reads.ts';
import { importPyTorch, type PyTorchConfig } from '../../src/import/pytorch.ts';
import { fixture, float32, int8 } from './models.ts';
import { refusalText } from './refusals.ts';

/** Tensors of these shapes. */
function stateDict(shapes: Readonly<Record<string, readonly number[]>>): Map<string, Tensor> {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, float32(shape)]));
}

/** The tensors of a recurrent layer without biases, `gates` blocks of rows. */
function layer(
  prefix: string,
  gates: number,
  inputs: number,
  hidden: number,
  suffix = '_l0',
): Record<string, number[]> {
  return {
    [`${prefix}.weight_ih${suffix}`]: [gates * hidden, inputs],
    [`${prefix}.weight_hh${suffix}`]: [gates * hidden, hidden],
  };
}

function roles(prefix: string, index: number): object {
  const role = (name: string) => [name, `${prefix}${name}_l${index}`];
  return Object.fromEntries(['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map(role));
}

describe('state_dicts that PyTorch saved', () => {
  it('an RNN saved by itself', () => {
    const { graph } = importPyTorch(fixture('rnn-tanh'));
    expect(graph).toEqual({
      inputs: [{ name: 'input', kind: 'features', size: 3 }],
      outputs: [{ name: 'output', from: 'rnn' }],
      nodes: [{ name: 'rnn', type: 'rnn', input: 'input', tensors: roles('', 0), nonlinearity: 'tanh' }],
    });
  });

  it('a ReLU RNN with a head, an activation and names of its own', () => {
    const { graph } = importPyTorch(fixture('rnn-relu'), {
      nonlinearity: 'relu',
      activations: { head: 'sigmoid' },
      inputName: 'x',
      outputName: 'y',
    });
    expect(graph).toEqual({
      inputs: [{ name: 'x', kind: 'features', size: 3 }],
      outputs: [{ name: 'y', from: 'head' }],
      nodes: [
        { name: 'rnn', type: 'rnn', input: 'x', tensors: roles('rnn.', 0), nonlinearity: 'relu' },
        {
          name: 'head',
          type: 'dense',
          input: 'rnn',
          tensors: { weight: 'head.weight', bias: 'head.bias' },
          activation: 'sigmoid',
        },
      ],
    });
  });

  it('a language model of two LSTM layers', () => {
    const definition = importPyTorch(fixture('language-model'));
    expect(definition.graph).toEqual({
      inputs: [{ name: 'tokens', kind: 'tokens', size: 11 }],
      outputs: [{ name: 'logits', from: 'head' }],
      nodes: [
        { name: 'embedding', type: 'embedding', input: 'tokens', tensors: { weight: 'embedding.weight' } },
        { name: 'lstm.l0', type: 'lstm', input: 'embedding', tensors: roles('lstm.', 0) },
        { name: 'lstm.l1', type: 'lstm', input: 'lstm.l0', tensors: roles('lstm.', 1) },
        {
          name: 'head',
          type: 'dense',
          input: 'lstm.l1',
          tensors: { weight: 'head.weight', bias: 'head.bias' },
        },
      ],
    });
    expect(definition.tensors).toEqual(parseSafetensors(fixture('language-model')).tensors);
  });

  it.each([true, false])('a GRU, resetAfter %s', (resetAfter) => {
    const { graph } = importPyTorch(fixture('gru'), { resetAfter });
    expect(graph.nodes).toEqual([
      { name: 'gru', type: 'gru', input: 'input', tensors: roles('gru.', 0), resetAfter },
    ]);
    expect(importPyTorch(fixture('gru')).graph.nodes[0]).toHaveProperty('resetAfter', true);
  });

  it('becomes a model file', () => {
    const vocabulary = [...'abcdefghij\n'];
    const definition = importPyTorch(fixture('language-model'), {
      tokenizer: { type: 'characters', vocabulary },
      metadata: { licence: 'MIT' },
    });
    const parsed = parseModelFile(serializeModel(definition));
    expect(parsed.graph).toEqual(definition.graph);
    expect(parsed.tokenizer?.vocabulary).toEqual(vocabulary);
    expect(parsed.metadata).toEqual({ licence: 'MIT' });
  });

  it('a bidirectional LSTM, its halves merged as the config says', () => {
    const [node] = importPyTorch(fixture('bidirectional'), { merge: { '': 'average' } }).graph.nodes;
    expect(node).toMatchObject({ name: 'lstm', type: 'lstm', direction: 'both', merge: 'average' });
    expect(node).toHaveProperty('tensors.weight_hh_reverse', 'weight_hh_l0_reverse');
  });

  it('an LSTM with a projection', () => {
    const { graph } = importPyTorch(fixture('projection'));
    expect(graph.nodes).toEqual([
      { name: 'lstm', type: 'lstm', input: 'input', tensors: { ...roles('', 0), weight_hr: 'weight_hr_l0' } },
    ]);
  });

  it('a pickle is refused with the line that converts it', () => {
    expect(refusalText(() => importPyTorch(Buffer.from('PK\x03\x04archive')))).toMatch(
      /^unsupported-format: .*\npython -c/,
    );
  });
});

describe('connecting modules', () => {
  it('asks for an order where sizes leave two ways, and takes it', () => {
    const file = fixture('tied-sizes');
    expect(refusalText(() => importPyTorch(file))).toMatch(
      /^invalid-graph: .*"decoder".*"encoder".* more than one way; give `order`/,
    );
    const { graph } = importPyTorch(file, { order: ['encoder', 'gru', 'decoder'] });
    expect(graph.nodes.map((node) => [node.name, node.type, ...inputsOf(node)])).toEqual([
      ['encoder', 'embedding', 'tokens'],
      ['gru', 'gru', 'encoder'],
      ['decoder', 'dense', 'gru'],
    ]);
    expect(graph.outputs).toEqual([{ name: 'logits', from: 'decoder' }]);
    const other = importPyTorch(file, { order: ['decoder', 'gru', 'encoder'] });
    expect(other.graph.nodes.map(({ name, type }) => [name, type])).toEqual([
      ['decoder', 'embedding'],
      ['gru', 'gru'],
      ['encoder', 'dense'],
    ]);
  });

  it('orders modules by their sizes, whatever their names', () => {
    const tensors = stateDict({
      'a.weight': [2, 4],
      'a.bias': [2],
      'b.weight': [4, 6],
      ...layer('c', 3, 5, 6),
      ...layer('d', 4, 8, 5, ''),
      'z.weight': [9, 8],
    });
    const { graph } = importPyTorch(tensors, { activations: { c: 'relu' } });
    expect(graph.nodes.map((node) => [node.name, node.type, ...inputsOf(node)])).toEqual([
      ['z', 'embedding', 'tokens'],
      ['d', 'lstm', 'z'],
      ['c', 'gru', 'd'],
      ['c.relu', 'activation', 'c'],
      ['b', 'dense', 'c.relu'],
      ['a', 'dense', 'b'],
    ]);
    expect(graph.outputs).toEqual([{ name: 'output', from: 'a' }]);
  });

  it('with an order, a linear layer may stand before a recurrent one', () => {
    const tensors = stateDict({ 'project.weight': [4, 7], ...layer('rnn', 1, 4, 3) });
    expect(refusalText(() => importPyTorch(tensors))).toMatch(/^invalid-graph: .*do not connect/);
    const { graph } = importPyTorch(tensors, { order: ['project', 'rnn'] });
    expect(graph.inputs).toEqual([{ name: 'input', kind: 'features', size: 7 }]);
    expect(graph.nodes.map(({ type }) => type)).toEqual(['dense', 'rnn']);
  });

  it('gives up where many modules are alike', () => {
    const shapes = Object.assign(
      {},
      ...Array.from({ length: 12 }, (_, index) => layer(`m${index}`, 1, 4, 4)),
    );
    const text = refusalText(() => importPyTorch(stateDict({ ...shapes, ...layer('other', 1, 5, 5) })));
    expect(text).toMatch(/^invalid-graph: .*too alike.*give `order`/);
  });

  const gru = layer('gru', 3, 4, 5);
  it.each<[string, Readonly<Record<string, readonly number[]>>, PyTorchConfig, RegExp]>([
    ['no tensors', {}, {}, /^invalid-graph: the state_dict has no modules/],
    [
      'sizes that do not connect',
      { ...gru, 'head.weight': [3, 6], 'head.bias': [3] },
      {},
      /^invalid-graph: module "head" takes 6 values, but "gru" before it gives 5;.*`order`/,
    ],
    [
      'an order that does not connect',
      { ...gru, 'head.weight': [3, 5], 'head.bias': [3] },
      { order: ['head', 'gru'] },
      /^invalid-graph: module "gru" takes 4 values, but "head" before it gives 3/,
    ],
    [
      'a weight without bias that fits only as an embedding, and stands last',
      { ...gru, 'head.weight': [5, 9] },
      { order: ['gru', 'head'] },
      /^invalid-graph: module "head" takes 9 values, but "gru" before it gives 5/,
    ],
    [
      'an order with too few',
      { ...gru, 'head.weight': [3, 5] },
      { order: ['gru'] },
      /^invalid-argument: config: order must name each module once: \["gru", "head"\]; got \["gru"\]/,
    ],
    [
      'an order with a stranger',
      gru,
      { order: ['lstm'] },
      /^invalid-argument: config: order .* got \["lstm"\]/,
    ],
    [
      'an order with a name twice',
      { ...gru, 'head.weight': [3, 5] },
      { order: ['gru', 'gru'] },
      /^invalid-argument: config: order/,
    ],
    [
      'two gates',
      layer('cell', 2, 4, 5),
      {},
      /^invalid-graph: tensor "cell.weight_hh_l0": expected \[hidden, hidden\] .* got \[10, 5\]/,
    ],
    [
      'a layer without weight_hh',
      { 'gru.weight_ih_l0': [15, 4] },
      {},
      /^missing-tensor: module "gru": layer 0 has no weight_hh/,
    ],
    [
      'a stack without its first layer',
      layer('gru', 3, 4, 5, '_l1'),
      {},
      /^missing-tensor: module "gru": layer 0 has no weight_ih/,
    ],
    [
      'a layer of absurd depth',
      layer('gru', 3, 4, 5, '_l4294967295'),
      {},
      /^not-supported: .* at most 1000 layers/,
    ],
    [
      'a stack whose layers do not fit',
      { ...gru, ...layer('gru', 3, 6, 5, '_l1') },
      {},
      /^wrong-shape: node "gru.l1": weight_ih .* expected \[15, 5\], got \[15, 6\]/,
    ],
    [
      'a recurrent vector',
      { 'gru.weight_ih_l0': [15], 'gru.weight_hh_l0': [15, 5] },
      {},
      /^wrong-shape: tensor "gru.weight_ih_l0": expected a matrix, got \[15\]/,
    ],
    [
      'layers of two kinds of names',
      { ...gru, ...layer('gru', 3, 4, 5, '') },
      {},
      /^invalid-graph: tensors "gru.weight_ih_l0" and "gru.weight_ih"/,
    ],
    [
      'a recurrent module with a weight of its own',
      { ...gru, 'gru.weight': [4, 4] },
      {},
      /^invalid-graph: module "gru" has recurrent tensors and/,
    ],
    [
      'a normalisation and a convolution',
      { ...gru, 'norm.weight': [5], 'conv.weight': [5, 4, 3] },
      {},
      /^not-supported: .* "norm.weight" \[5\], "conv.weight" \[5, 4, 3\]; RNN, .*rivulet\/convert Conv1d/,
    ],
    [
      'a backward half that lacks a matrix',
      { ...gru, 'gru.weight_ih_l0_reverse': [15, 4] },
      {},
      /^invalid-graph: .*both halves/,
    ],
    [
      'a projection of a GRU',
      { ...gru, 'gru.weight_hr_l0': [5, 5] },
      {},
      /^invalid-graph: tensor "gru.weight_hh_l0": expected \[4\*hidden, projected\]/,
    ],
    [
      'a merge of a module that goes forward',
      gru,
      { merge: { gru: 'sum' } },
      /^invalid-graph: node "gru": merge "sum" joins the halves/,
    ],
    ['a bias without weight', { ...gru, 'head.bias': [5] }, {}, /^not-supported: .* "head.bias" \[5\]/],
    ['a parameter of another name', { ...gru, h0: [5] }, {}, /^not-supported: .* "h0" \[5\]/],
    [
      'activations of no module',
      gru,
      { activations: { head: 'relu' } },
      /^invalid-argument: config: activations names "head"; the modules are "gru"/,
    ],
    [
      'an unknown activation',
      gru,
      { activations: { gru: 'gelu' } } as object,
      /^invalid-argument: config: field "activations": field "gru" must be one of/,
    ],
    [
      'an unknown option',
      gru,
      { resetafter: true } as object,
      /^invalid-argument: config: unknown field "resetafter"/,
    ],
    [
      'an unknown nonlinearity',
      gru,
      { nonlinearity: 'sin' } as object,
      /^invalid-argument: config: field "nonlinearity"/,
    ],
    [
      'an input with the name of a module',
      gru,
      { inputName: 'gru' },
      /^invalid-graph: node "gru": .* already has this name/,
    ],
    [
      'a tokenizer of another size',
      { 'e.weight': [3, 4], ...gru },
      { tokenizer: { type: 'characters', vocabulary: ['a'] } },
      /^invalid-tokenizer: .* 1 characters/,
    ],
  ])('refused: %s', (_name, shapes, config, message) => {
    expect(refusalText(() => importPyTorch(stateDict(shapes), config))).toMatch(message);
  });

  it('refused: an int8 matrix without scales, and what is no state_dict', () => {
    const tensors = new Map([...stateDict(gru), ['gru.weight_hh_l0', int8([15, 5])] as const]);
    expect(refusalText(() => importPyTorch(tensors))).toMatch(/^missing-tensor: .*"gru.weight_hh_l0.scale"/);
    expect(refusalText(() => importPyTorch({} as Map<string, Tensor>))).toMatch(
      /^invalid-argument: source must be/,
    );
  });
});
