import { describe, expect, it } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { importPyTorch } from '../../src/import/pytorch.ts';
import { Model } from '../../src/session/model.ts';
import { initialize, type ModelSpec } from '../../src/train/initialize.ts';
import { testRuntime } from '../runtime.ts';

const runtime = testRuntime();
const tokenizer = { type: 'characters', vocabulary: ['a', 'b', 'c', 'd', 'e'] } as const;
const languageModel: ModelSpec = {
  layers: [
    { type: 'embedding', size: 6 },
    { type: 'lstm', units: 24 },
    { type: 'dense', units: 5 },
  ],
  tokenizer,
};

const data = (definition: ModelDefinition, name: string) =>
  definition.tensors.get(name)!.data as Float32Array;
const shapes = (tensors: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));

describe('initialize', () => {
  const definition = initialize(languageModel, 7, runtime);

  it('names nodes and tensors as a PyTorch state_dict of the same model', () => {
    expect(definition.graph.nodes.map(({ name }) => name)).toEqual(['embedding', 'lstm', 'head']);
    expect(shapes(definition.tensors)).toEqual({
      'embedding.weight': [5, 6],
      'lstm.weight_ih_l0': [96, 6],
      'lstm.weight_hh_l0': [96, 24],
      'lstm.bias_ih_l0': [96],
      'lstm.bias_hh_l0': [96],
      'head.weight': [5, 24],
      'head.bias': [5],
    });
    expect(importPyTorch(definition.tensors, { tokenizer }).graph).toEqual(definition.graph);
  });

  it('makes every recurrent matrix orthogonal, to the last bits of a float32', () => {
    const weights = data(definition, 'lstm.weight_hh_l0');
    for (let gate = 0; gate < 4; gate++) {
      for (let a = 0; a < 24; a++) {
        for (let b = 0; b <= a; b++) {
          let dot = 0;
          for (let i = 0; i < 24; i++) {
            dot += weights[(gate * 24 + a) * 24 + i]! * weights[(gate * 24 + b) * 24 + i]!;
          }
          expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(2e-7);
        }
      }
    }
  });

  it('has bias 1 at the forget gate and 0 elsewhere', () => {
    const expected = new Float32Array(96).fill(1, 24, 48);
    expect(data(definition, 'lstm.bias_ih_l0')).toEqual(expected);
    expect(data(definition, 'lstm.bias_hh_l0').every((value) => value === 0)).toBe(true);
    expect(data(definition, 'head.bias').every((value) => value === 0)).toBe(true);
  });

  it.each([
    ['embedding.weight', 1],
    ['lstm.weight_ih_l0', Math.sqrt(6 / 30)],
    ['head.weight', Math.sqrt(6 / 29)],
  ])('%s is uniform in ± %f', (name, bound) => {
    const values = data(definition, name);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
    // Four standard errors, of which the variance of U(-a, a) is a² / 3.
    expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * values.length));
    expect(Math.abs(square / (bound * bound) - 1 / 3)).toBeLessThan(4 * 0.3 * Math.sqrt(1 / values.length));
  });

  it('gives the same bits for the same seed on both builds, others for another', () => {
    expect(initialize(languageModel, 7, testRuntime('scalar'))).toEqual(definition);
    const other = initialize(languageModel, 7 + 2 ** 32, runtime);
    expect(data(other, 'head.weight')).not.toEqual(data(definition, 'head.weight'));
  });

  it('has these bits on every engine', () => {
    using model = new Model(runtime, definition);
    expect(model.fingerprint.weights).toBe('7719df1b4e41b547');
  });

  it('stacks recurrent layers of a size, and names the others apart', () => {
    const { graph, tensors } = initialize(
      {
        inputs: [{ name: 'x', kind: 'features', size: 3 }],
        layers: [
          { type: 'gru', units: 4 },
          { type: 'gru', units: 4 },
          { type: 'dense', units: 4, activation: 'relu' },
          { type: 'gru', units: 4, resetAfter: false },
          { type: 'rnn', units: 2, nonlinearity: 'relu', name: 'top' },
          { type: 'dense', units: 1, bias: false },
        ],
      },
      0,
      runtime,
    );
    const names = graph.nodes.map(({ name }) => name);
    expect(names).toEqual(['gru.l0', 'gru.l1', 'dense', 'gru2', 'top', 'head']);
    expect([...tensors.keys()]).toContain('gru.weight_ih_l1');
    expect([...tensors.keys()]).toContain('gru2.weight_ih_l0');
    expect(tensors.has('head.bias')).toBe(false);
    expect(graph.outputs).toEqual([{ name: 'output', from: 'head' }]);
    new Model(runtime, { graph, tensors }).dispose();
  });

  const any = (value: unknown) => value as never;
  const refusals: readonly [string, ModelSpec, string, RegExp][] = [
    ['no layers', { layers: [], tokenizer }, 'invalid-argument', /at least one layer/],
    ['no input', { layers: [{ type: 'lstm', units: 3 }] }, 'invalid-argument', /inputs must be given/],
    [
      'an unknown type',
      { layers: [any({ type: 'conv' })], tokenizer },
      'invalid-argument',
      /layers\[0\].*one of embedding, rnn, lstm, gru, dense.*"conv"/,
    ],
    [
      'an unknown field',
      { layers: [any({ type: 'lstm', units: 3, size: 3 })], tokenizer },
      'invalid-argument',
      /unknown field "size"/,
    ],
    ['no units', { layers: [any({ type: 'lstm', units: 0 })], tokenizer }, 'invalid-argument', /units.*0/],
    [
      'layers that do not connect',
      { layers: [{ type: 'lstm', units: 3 }], tokenizer },
      'invalid-graph',
      /lstm reads a vector/,
    ],
    [
      'one name twice',
      {
        layers: [
          { type: 'embedding', size: 3, name: 'a' },
          { type: 'dense', units: 3, name: 'a' },
        ],
        tokenizer,
      },
      'invalid-argument',
      /two layers.*"a"/,
    ],
  ];
  it.each(refusals)('refuses %s', (_, spec, code, words) => {
    const act = () => initialize(spec, 0, runtime);
    expect(act).toThrow(RivuletError);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }));
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('refuses seed %s', (seed) => {
    expect(() => initialize(languageModel, seed, runtime)).toThrow(/seed must be/);
  });
});
