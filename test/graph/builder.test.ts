import { describe, expect, it } from 'vitest';
import { parseModelFile, serializeModel } from '../../src/formats/model-file.ts';
import type { ModelDefinition, NodeType } from '../../src/graph/definition.ts';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { allNodes } from '../../src/graph/reads.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import {
  activation,
  add,
  affine,
  attention,
  batchNorm,
  concat,
  convolution,
  dense,
  div,
  dropout,
  embedding,
  fakeQuantize,
  frameConvolution,
  framePooling,
  gru,
  initialize,
  input,
  layerNorm,
  lstm,
  minGru,
  minLstm,
  model,
  mul,
  prelu,
  quantize,
  rnn,
  sequential,
  slice,
  statesOf,
  sub,
  timePooling,
  tokens,
  type Vector,
  type VectorLayer,
} from '../../src/index.ts';
import { quantize as quantizeDefinition } from '../../src/quantize/quantize.ts';
import { Model } from '../../src/session/model.ts';
import { refusalText } from '../formats/refusals.ts';
import { testRuntime } from '../runtime.ts';

const runtime = testRuntime();
const any = (value: unknown) => value as never;

/** A model of one layer over 12 values. */
function one(layer: VectorLayer, size = 12): ModelDefinition {
  const x = input('x', size);
  return model({ inputs: [x], outputs: { y: layer(x) }, runtime, seed: 3 });
}

const shapes = ({ tensors }: ModelDefinition) =>
  Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
const data = (definition: ModelDefinition, name: string) => definition.tensors.get(name)!.data;

describe('sequential', () => {
  const definition = sequential([embedding(65, 64), lstm(32), lstm(32), dense(65)], { runtime, seed: 5 });

  it('is a chain of nodes, named by their types', () => {
    expect(definition.graph.nodes.map((node) => [node.name, 'input' in node && node.input])).toEqual([
      ['embedding', 'tokens'],
      ['lstm', 'embedding'],
      ['lstm2', 'lstm'],
      ['dense', 'lstm2'],
    ]);
    expect(definition.graph.inputs).toEqual([{ name: 'tokens', kind: 'tokens', size: 65 }]);
    expect(definition.graph.outputs).toEqual([{ name: 'logits', from: 'dense' }]);
    expect([...definition.tensors.keys()]).toContain('lstm2.weight_ih_l0');
  });

  it('has the weights of `initialize`, to the bit', () => {
    const layers = [
      { type: 'embedding', size: 64 },
      { type: 'lstm', units: 32, name: 'a' },
      { type: 'lstm', units: 32, name: 'b' },
      { type: 'dense', units: 65 },
    ] as const;
    const other = initialize({ inputs: [definition.graph.inputs[0]!], layers }, 5, runtime);
    const values = ({ tensors }: ModelDefinition) => [...tensors.values()].map((tensor) => tensor.data);
    expect(values(definition)).toEqual(values(other));
  });

  it('takes any function of a value as a layer', () => {
    const residual = (x: Vector) => add([x, dense(6)(x)]);
    const { graph } = sequential([residual, timePooling('mean')], { input: input('x', 6), runtime });
    expect(graph.nodes.map(({ name }) => name)).toEqual(['dense', 'add', 'time-pooling']);
    expect(graph.outputs).toEqual([{ name: 'output', from: 'time-pooling' }]);
  });

  it('asks for an input where the first layer is no embedding', () => {
    expect(refusalText(() => sequential([dense(3)], { runtime }))).toMatch(
      /^invalid-argument: sequential: input must/,
    );
  });
});

describe('model', () => {
  it('builds a graph that branches, each node once and behind what it reads', () => {
    const x = input('x', 40);
    const h = lstm(64)(x);
    const y = dense(10)(concat([h, x]));
    const z = dense(3, { name: 'other' })(h);
    const { graph } = model({ inputs: [x], outputs: { z, y }, runtime });
    expect(graph.nodes.map(({ name }) => name)).toEqual(['lstm', 'other', 'concat', 'dense']);
    expect(graph.outputs).toEqual([
      { name: 'z', from: 'other' },
      { name: 'y', from: 'dense' },
    ]);
  });

  it('builds an encoder and a decoder', () => {
    const source = tokens('source', 12);
    const encoded = gru(8, { direction: 'both' })(embedding(12, 6)(source));
    const memory = dense(8, { name: 'memory' })(encoded);
    const target = tokens('target', 12);
    const { h } = statesOf(encoded);
    const decoded = gru(8, { initial: { h } })(embedding(12, 6)(target));
    const y = dense(12)(concat([decoded, attention(memory)(decoded)]));
    const definition = model({ encoder: { inputs: [source] }, inputs: [target], outputs: { y }, runtime });
    expect(definition.graph.encoder!.nodes.map(({ name }) => name)).toEqual(['embedding', 'gru', 'memory']);
    expect(definition.graph.nodes.map(({ name }) => name)).toEqual([
      'embedding2',
      'gru2',
      'attention',
      'concat',
      'dense',
    ]);
    expect(definition.graph.nodes[1]).toMatchObject({ initial: { h: 'gru.h' } });
    expect(definition.graph.nodes[2]).toMatchObject({ memory: 'memory' });
    expect(parseModelFile(serializeModel(definition)).graph).toEqual(definition.graph);
    const { tensors } = quantizeDefinition(definition, { weights: 'int8' }).definition;
    for (const name of ['gru.weight_ih_l0', 'gru.weight_hh_l0_reverse', 'memory.weight']) {
      expect(tensors.get(name)!.dtype).toBe('I8');
    }
  });

  it('hands over the value of a node', () => {
    const source = input('source', 5);
    const x = input('x', 5);
    const y = rnn(4, { initial: { h: dense(4)(source) } })(x);
    const { graph } = model({ encoder: { inputs: [source] }, inputs: [x], outputs: { y }, runtime });
    expect(graph.nodes[0]).toMatchObject({ initial: { h: 'dense' } });
  });

  it('draws other weights for another seed, on every build the same', () => {
    const layers = [lstm(5, { peephole: true, projected: 3 }), convolution(4, 3)] as const;
    const build = (seed: number, on = runtime) =>
      sequential(layers, { input: input('x', 2), runtime: on, seed });
    expect(build(1, testRuntime('scalar'))).toEqual(build(1));
    expect(build(2)).not.toEqual(build(1));
  });
});

describe('layers', () => {
  const source = input('source', 12);
  /** One of each type of node: a type without a case fails the last test. A state reads what is not there yet: no layer. */
  const cases: { readonly [T in Exclude<NodeType, 'state'>]: readonly [layer: VectorLayer, size: number] } = {
    embedding: [any(undefined), 0],
    dense: [dense(5, { activation: 'relu', bias: false }), 5],
    rnn: [rnn(5, { nonlinearity: 'identity' }), 5],
    lstm: [
      lstm(5, { coupled: true, layerNorm: true, direction: 'both', learnInitial: true, cellClip: 3 }),
      10,
    ],
    gru: [gru(5, { resetAfter: false, gateActivation: 'hard-sigmoid', direction: 'backward' }), 5],
    mingru: [minGru(5, { candidateActivation: 'tanh' }), 5],
    minlstm: [minLstm(5, { direction: 'both', merge: 'sum' }), 5],
    activation: [activation({ type: 'clip', low: -1, high: 2 }), 12],
    add: [(x) => add([x, dense(12)(x)]), 12],
    sub: [(x) => sub(x, dense(12)(x)), 12],
    mul: [(x) => mul([x, x]), 12],
    div: [(x) => div(x, activation('sigmoid')(x)), 12],
    affine: [affine(), 12],
    prelu: [prelu(), 12],
    quantize: [fakeQuantize(0.05, { zeroPoint: 3 }), 12],
    concat: [(x) => concat([x, x, x]), 36],
    slice: [slice(3, 4), 4],
    dropout: [(x) => dropout(0.5)(dense(12)(x)), 12],
    layernorm: [layerNorm({ epsilon: 1e-3 }), 12],
    batchnorm: [batchNorm({ channels: 3 }), 12],
    convolution: [convolution(5, 3, { channels: 4, stride: 3, activation: 'relu' }), 5],
    'frame-convolution': [frameConvolution(5, 3, { channels: 4, padding: 1 }), 15],
    'frame-pooling': [framePooling('max', 2, { channels: 3 }), 6],
    'time-pooling': [timePooling('max'), 12],
    attention: [attention(dense(12)(source)), 12],
  };
  const { embedding: _embedding, attention: _attention, ...alone } = cases;

  it.each(Object.entries(alone))('%s is built, runs and is saved', (type, [layer, size]) => {
    const definition = one(layer);
    const node = definition.graph.nodes.at(-1)!;
    expect(node.type).toBe(type);
    // The order of a file's JSON: other keys would be other bytes of the same model.
    const reads = 'inputs' in node ? 'inputs' : 'input';
    const weights = 'tensors' in node ? ['tensors'] : [];
    expect(Object.keys(node).slice(0, 3 + weights.length)).toEqual(['name', reads, 'type', ...weights]);
    expect(inferShapes(definition).sizes.get(node.name)).toBe(size);
    expect(parseModelFile(serializeModel(definition)).graph).toEqual(definition.graph);
    const loaded = new Model(runtime, definition);
    expect(loaded.outputs[0]!.size).toBe(size);
    quantize(loaded, { weights: 'int8' }).model.dispose();
    loaded.dispose();
  });

  it('are one for each type of node', () => {
    expect([...Object.keys(cases), 'state'].sort()).toEqual(Object.keys(NODE_KINDS).sort());
    const x = input('x', 12);
    const definition = model({
      encoder: { inputs: [source] },
      inputs: [x],
      outputs: { y: cases.attention[0](x) },
      runtime,
    });
    expect(allNodes(definition.graph).map(({ type }) => type)).toEqual(['dense', 'attention']);
  });

  it('make a node with weights of its own at each call', () => {
    const layer = dense(3);
    const x = input('x', 2);
    const { tensors } = model({ inputs: [x], outputs: { y: add([layer(x), layer(x)]) }, runtime });
    expect(tensors.get('dense.weight')!.data).not.toEqual(tensors.get('dense2.weight')!.data);
  });
});

describe('initial weights', () => {
  it.each([
    ['lstm', lstm(4), 'lstm.bias_ih_l0', 16, 4],
    ['lstm, coupled', lstm(4, { coupled: true }), 'lstm.bias_ih_l0', 12, 0],
    ['lstm, backward half', lstm(4, { direction: 'both' }), 'lstm.bias_ih_l0_reverse', 16, 4],
    ['minlstm', minLstm(4), 'minlstm.bias_ih_l0', 12, 0],
  ])('%s: the bias of the forget gate is 1', (_name, layer, name, rows, at) => {
    expect(data(one(layer), name)).toEqual(new Float32Array(rows).fill(1, at, at + 4));
  });

  it('a projected LSTM has orthonormal columns, gate by gate', () => {
    const definition = one(lstm(6, { projected: 4 }));
    expect(shapes(definition)).toMatchObject({ 'lstm.weight_hh_l0': [24, 4], 'lstm.weight_hr_l0': [4, 6] });
    const weights = data(definition, 'lstm.weight_hh_l0');
    for (let gate = 0; gate < 4; gate++) {
      for (let a = 0; a < 4; a++) {
        for (let b = 0; b <= a; b++) {
          let dot = 0;
          for (let i = 0; i < 6; i++)
            dot += weights[(gate * 6 + i) * 4 + a]! * weights[(gate * 6 + i) * 4 + b]!;
          expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(2e-7);
        }
      }
    }
  });

  it('a convolution is bounded by Glorot and Bengio, before a ReLU by He', () => {
    const largest = (activation?: 'relu') => {
      const definition = one(convolution(50, 3, { ...(activation && { activation }) }));
      return Math.max(...data(definition, 'convolution.weight').map(Math.abs));
    };
    expect(largest()).toBeLessThanOrEqual(Math.sqrt(6 / (36 + 150)));
    expect(largest()).toBeGreaterThan(0.98 * Math.sqrt(6 / (36 + 150)));
    expect(largest('relu')).toBeLessThanOrEqual(Math.sqrt(6 / 36));
    expect(largest('relu')).toBeGreaterThan(0.98 * Math.sqrt(6 / 36));
  });

  it('norms scale by 1 and shift by 0; what is learned of beginnings is 0', () => {
    const definition = one(lstm(3, { layerNorm: true, learnInitial: true, peephole: true }));
    for (const [name, { data: values }] of definition.tensors) {
      const expected = /norm_.*_weight/.test(name)
        ? 1
        : /norm_.*_bias|[hc]0|peephole/.test(name)
          ? 0
          : undefined;
      if (expected !== undefined) expect([name, ...new Set(values)]).toEqual([name, expected]);
    }
    expect(definition.tensors.size).toBe(4 + 2 + 1 + 6);
  });
});

describe('refusals name both sides', () => {
  const x = input('x', 40);
  const h = lstm(64)(x);
  const source = input('source', 3);
  const encoded = lstm(8)(source);
  const build = (parts: object) => model({ inputs: [x], outputs: { y: h }, runtime, ...parts });
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      'another vocabulary',
      () => embedding(65, 64)(tokens('text', 70)),
      /^wrong-shape: embedding\(65, 64\) reads 70 tokens of "text": .*\[70, size\], got \[65, 64\]/,
    ],
    [
      'sizes that cannot be added',
      () => add([h, x]),
      /^wrong-shape: add reads 64 values of "lstm" and 40 values of "x": .* one size/,
    ],
    [
      'a slice beyond the end',
      () => slice(60, 10)(lstm(64)(h)),
      /^wrong-shape: slice\(60, 10\) reads 64 values of "lstm2": .*60 to 69/,
    ],
    [
      'channels that do not fit',
      () => convolution(8, 3, { channels: 3 })(x),
      /^wrong-shape: convolution\(8, 3\) reads 40 values of "x": .*3 channels/,
    ],
    [
      'a query of another size',
      () => attention(encoded)(h),
      /^wrong-shape: attention reads 64 values of "lstm2": .*"lstm" of the encoder has 8/,
    ],
    [
      'a state of another size',
      () => lstm(64, { initial: statesOf(encoded) })(x),
      /^wrong-shape: lstm\(64\) reads 40 values of "x": .*"h" has 64 values, but "lstm\.h" of the encoder has 8/,
    ],
    [
      'tokens for a vector',
      // @ts-expect-error: tokens are no vector.
      () => lstm(3)(tokens('text', 5)),
      /^invalid-graph: lstm\(3\) reads 5 tokens of "text": .*reads a vector/,
    ],
    [
      'a vector for tokens',
      // @ts-expect-error: a vector is no tokens.
      () => embedding(40, 3)(x),
      /^invalid-graph: embedding\(40, 3\) reads 40 values of "x": .*reads an input of tokens/,
    ],
    ['nothing', () => dense(3)(any(undefined)), /^invalid-argument: dense\(3\) reads a value, .*got nothing/],
    ['a single value to add', () => add([x]), /^invalid-graph: add reads 40 values of "x": .*at least two/],
    [
      'a state that is none',
      () => lstm(3, { initial: { h: any(undefined) } })(x),
      /^invalid-argument: lstm\(3\) reads a value/,
    ],
    ['a memory that is none', () => attention(any('h')), /^invalid-argument: attention reads a value/],
    [
      'a layer that is none',
      () => sequential([dense(3), any(h)], { input: x, runtime }),
      /^invalid-argument: sequential: layers\[1\] must be a layer/,
    ],
    ['no layers', () => sequential(any([]), { runtime }), /^invalid-argument: sequential: input must/],
    ['no array to add', () => add(any(x)), /^invalid-argument: add takes an array/],
    ['no units', () => lstm(0), /^invalid-argument: lstm: units must be an integer from 1 to 65536, got 0/],
    [
      'an unknown option',
      // @ts-expect-error: no such option.
      () => lstm(3, { size: 2 })(x),
      /^invalid-graph: lstm\(3\) reads 40 values of "x": .*unknown field "size"/,
    ],
    [
      'an option that is wrong',
      () => dropout(1)(x),
      /^invalid-graph: dropout\(1\) reads 40 values of "x": .*"rate" must be a number from 0 to 0.9, got 1/,
    ],
    [
      'one name twice',
      () => dense(3, { name: 'x' })(x),
      /^invalid-argument: two layers or inputs are named "x"/,
    ],
    ['an input that is not listed', () => build({ inputs: [] }), /^invalid-argument: inputs must list "x"/],
    [
      'an input that nothing reads',
      () => build({ inputs: [x, source] }),
      /^invalid-argument: inputs lists "source"/,
    ],
    [
      'a layer as an input',
      () => build({ inputs: [h] }),
      /^invalid-argument: inputs: lstm\(64\) is no input/,
    ],
    [
      'outputs that are none',
      () => build({ outputs: undefined }),
      /^invalid-argument: outputs must be an object/,
    ],
    ['inputs that are none', () => build({ inputs: x }), /^invalid-argument: inputs must be an array/],
    [
      'no output',
      () => build({ outputs: {}, inputs: [] }),
      /^invalid-graph: graph: it needs at least one output/,
    ],
    [
      'an input as an output',
      () => build({ outputs: { y: x } }),
      /^invalid-graph: output "y" is from "x", which is no node/,
    ],
    ['no runtime', () => build({ runtime: undefined }), /^invalid-argument: runtime must be given/],
    ['a wrong seed', () => build({ seed: -1 }), /^invalid-argument: seed must be/],
    [
      'an encoder that is not listed',
      () => build({ outputs: { y: rnn(8, { initial: { h: encoded } })(x) } }),
      /^invalid-argument: encoder: inputs must list "source"/,
    ],
    [
      'an encoder that nothing reads',
      () => build({ encoder: { inputs: [source] } }),
      /^invalid-argument: encoder: inputs lists "source"/,
    ],
    [
      'a node in both sections',
      () =>
        build({
          inputs: [x, source],
          encoder: { inputs: [source] },
          outputs: { y: attention(encoded)(encoded) },
        }),
      /^invalid-graph: lstm\(8\) is part of the encoder/,
    ],
    ['states of what has none', () => statesOf(dense(3)(x)), /^invalid-argument: statesOf/],
  ];
  it.each(cases)('%s', (_name, act, message) => {
    expect(refusalText(act)).toMatch(message);
  });
});
