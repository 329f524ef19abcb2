import { describe, expect, it } from 'vitest';
import { parseModelFile, serializeModel } from '../../src/formats/model-file.ts';
import { parseSafetensors } from '../../src/formats/safetensors.ts';
import type { GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { importPyTorch } from '../../src/import/pytorch.ts';
import { convolution, input, lstm, model, type VectorLayer } from '../../src/index.ts';
import { type QuantizeOptions, quantize } from '../../src/quantize/quantize.ts';
import { dequantize } from '../../src/quantize/report.ts';
import { testRuntime } from '../runtime.ts';
import { fixture, float32, smallModel } from './models.ts';
import { refusalText } from './refusals.ts';

const int8: QuantizeOptions = { weights: 'int8' };

/** A model of one dense node with this weight. */
function denseModel(weight: Tensor): ModelDefinition {
  return {
    graph: {
      inputs: [{ name: 'x', kind: 'features', size: weight.shape[1]! }],
      outputs: [{ name: 'y', from: 'dense' }],
      nodes: [{ name: 'dense', type: 'dense', input: 'x', tensors: { weight: 'w' } }],
    },
    tensors: new Map([['w', weight]]),
  };
}

function matrix(rows: readonly (readonly number[])[]): Tensor {
  return { dtype: 'F32', shape: [rows.length, rows[0]!.length], data: Float32Array.from(rows.flat()) };
}

describe('int8 weights', () => {
  it.each(['gaussian', 'ties'])('%s: the numbers that PyTorch gives', (name) => {
    const { tensors } = parseSafetensors(fixture('quantized'));
    const { definition } = quantize(denseModel(tensors.get(name)!), int8);
    expect(definition.tensors.get('w')).toEqual(tensors.get(`${name}.q`));
    expect(definition.tensors.get('w.scale')).toEqual(tensors.get(`${name}.scale`));
  });

  it('rounds ties to even', () => {
    const { definition } = quantize(denseModel(matrix([[254, 1, 3, 5, 7, -1, -3, -5]])), int8);
    expect([...definition.tensors.get('w')!.data]).toEqual([127, 0, 2, 2, 4, 0, -2, -2]);
    expect([...definition.tensors.get('w.scale')!.data]).toEqual([2]);
  });

  it('scales each row by itself, a row of zeros or of next to nothing by 0', () => {
    const model = denseModel(
      matrix([
        [0, 0],
        [127, -127],
        [2 ** -149, 0],
      ]),
    );
    const { definition } = quantize(model, int8);
    expect([...definition.tensors.get('w.scale')!.data]).toEqual([0, 1, 0]);
    expect([...definition.tensors.get('w')!.data]).toEqual([0, 0, 127, -127, 0, 0]);
  });

  it('is off by at most half a step', () => {
    const weight = float32([16, 33]);
    const { definition } = quantize(denseModel(weight), int8);
    const scale = definition.tensors.get('w.scale')!;
    dequantize(definition.tensors.get('w')!, scale).forEach((value, at) => {
      const half = scale.data[Math.floor(at / 33)]! / 2;
      expect(Math.abs(value - weight.data[at]!)).toBeLessThanOrEqual(half * (1 + 1e-5));
    });
  });

  it('refuses weights that are not finite', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const text = refusalText(() =>
        quantize(
          denseModel(
            matrix([
              [1, 2],
              [3, value],
            ]),
          ),
          int8,
        ),
      );
      expect(text).toMatch(/^non-finite-weight: tensor "w"\[1, 1\] is /);
    }
  });
});

describe('the matrices of the newer nodes', () => {
  const runtime = testRuntime();
  const quantized = (layer: VectorLayer) => {
    const x = input('x', 8);
    const source = model({ inputs: [x], outputs: { y: layer(x) }, runtime });
    return { source, definition: quantize(source, int8).definition };
  };

  it('are those of both halves, and the projection', () => {
    const { definition } = quantized(
      lstm(5, { direction: 'both', projected: 3, peephole: true, layerNorm: true }),
    );
    const matrices = [...definition.tensors].filter(([, { dtype }]) => dtype === 'I8').map(([name]) => name);
    expect(matrices.sort()).toEqual(
      ['weight_hh_l0', 'weight_hr_l0', 'weight_ih_l0']
        .flatMap((role) => [`lstm.${role}`, `lstm.${role}_reverse`])
        .sort(),
    );
    inferShapes(definition);
  });

  it('have a scale for each unit of a convolution', () => {
    const { source, definition } = quantized(convolution(3, 2, { channels: 4, stride: 2 }));
    const rows = { ...source.tensors.get('convolution.weight')!, shape: [3, 8] } as Tensor;
    const asDense = quantize(denseModel(rows), int8).definition.tensors;
    expect(definition.tensors.get('convolution.weight')!.shape).toEqual([3, 4, 2]);
    expect(definition.tensors.get('convolution.weight')!.data).toEqual(asDense.get('w')!.data);
    expect(definition.tensors.get('convolution.weight.scale')).toEqual(asDense.get('w.scale'));
    inferShapes(definition);
  });
});

describe('a model', () => {
  const model = importPyTorch(fixture('language-model'), { metadata: { licence: 'MIT' } });

  it('has its recurrent and dense matrices quantized, and nothing else changed', () => {
    const { definition } = quantize(model, int8);
    const kinds = Object.fromEntries(
      [...definition.tensors].map(([name, { dtype, shape }]) => [name, `${dtype} ${shape}`]),
    );
    expect(kinds).toEqual({
      'embedding.weight': 'F32 11,4',
      'lstm.weight_ih_l0': 'I8 24,4',
      'lstm.weight_ih_l0.scale': 'F32 24',
      'lstm.weight_hh_l0': 'I8 24,6',
      'lstm.weight_hh_l0.scale': 'F32 24',
      'lstm.bias_ih_l0': 'F32 24',
      'lstm.bias_hh_l0': 'F32 24',
      'lstm.weight_ih_l1': 'I8 24,6',
      'lstm.weight_ih_l1.scale': 'F32 24',
      'lstm.weight_hh_l1': 'I8 24,6',
      'lstm.weight_hh_l1.scale': 'F32 24',
      'lstm.bias_ih_l1': 'F32 24',
      'lstm.bias_hh_l1': 'F32 24',
      'head.weight': 'I8 11,6',
      'head.weight.scale': 'F32 11',
      'head.bias': 'F32 11',
    });
    expect(definition.graph).toBe(model.graph);
    expect(definition.metadata).toEqual({ licence: 'MIT' });
    expect(definition.tensors.get('embedding.weight')).toBe(model.tensors.get('embedding.weight'));
  });

  it('is valid, survives the file, and the source is untouched', () => {
    const before = serializeModel(model);
    const { definition } = quantize({ definition: model }, int8);
    expect(serializeModel(model)).toEqual(before);
    const parsed = parseModelFile(serializeModel(definition));
    expect(new Map([...parsed.tensors].sort())).toEqual(new Map([...definition.tensors].sort()));
    expect(inferShapes(parsed)).toEqual(inferShapes(model));
  });

  it('keeps nodes that `keep` names', () => {
    const { definition, report } = quantize(model, { weights: 'int8', keep: ['head', 'lstm.l0'] });
    expect(definition.tensors.get('head.weight')).toBe(model.tensors.get('head.weight'));
    expect(report.layers.map(({ node }) => node)).toEqual(['lstm.l1']);
    expect(quantize(model, { weights: 'int8', keep: ['head', 'lstm.l0', 'lstm.l1'] }).report).toMatchObject({
      layers: [],
      maxError: 0,
      sqnrDb: Infinity,
    });
  });

  it('keeps a matrix that the embedding or a kept node shares', () => {
    const weight = 'embedding.weight';
    const nodes = model.graph.nodes.filter(({ type }) => type === 'embedding');
    const head: GraphNode = { name: 'head', type: 'dense', input: 'embedding', tensors: { weight } };
    const second: GraphNode = { name: 'second', type: 'dense', input: 'embedding', tensors: { weight: 'w' } };
    const third: GraphNode = { ...second, name: 'third' };
    const tensors = new Map([
      [weight, model.tensors.get(weight)!],
      ['w', float32([3, 4])],
    ] as const);
    const graph = { ...model.graph, nodes: [...nodes, head, second, third] };
    const both = quantize({ graph, tensors }, int8);
    expect(both.definition.tensors.get(weight)?.dtype).toBe('F32');
    expect(both.definition.tensors.get('w')?.dtype).toBe('I8');
    expect(both.report.layers.map(({ node }) => node)).toEqual(['second', 'third']);
    const kept = quantize({ graph, tensors }, { weights: 'int8', keep: ['third'] });
    expect(kept.definition.tensors.get('w')?.dtype).toBe('F32');
  });

  it('is reported', () => {
    // w = [3, 1, 0.5] becomes q = [127, 42, 21] at scale 3/127; the errors are w - 3/127 * q.
    const { report } = quantize(denseModel(matrix([[3, 1, 0.5]])), int8);
    const errors = [0, 1 - (3 / 127) * 42, 0.5 - (3 / 127) * 21];
    const noise = errors.reduce((sum, error) => sum + error ** 2, 0);
    const layer = {
      bytesBefore: 12,
      bytesAfter: 3 + 4,
      maxError: expect.closeTo(Math.abs(errors[1]!), 7),
      sqnrDb: expect.closeTo(10 * Math.log10(10.25 / noise), 3),
    };
    expect(report).toEqual({ layers: [{ node: 'dense', tensors: ['w'], ...layer }], ...layer });
    expect(quantize(denseModel(matrix([[127, -5]])), int8).report.sqnrDb).toBe(Infinity);
  });

  it('is reported with all its bytes', () => {
    const { definition, report } = quantize(model, int8);
    const bytes = (of: ModelDefinition) =>
      [...of.tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(report.bytesBefore).toBe(bytes(model));
    expect(report.bytesAfter).toBe(bytes(definition));
    expect(report.layers.map(({ node, tensors }) => [node, ...tensors])).toEqual([
      ['lstm.l0', 'lstm.weight_ih_l0', 'lstm.weight_hh_l0'],
      ['lstm.l1', 'lstm.weight_ih_l1', 'lstm.weight_hh_l1'],
      ['head', 'head.weight'],
    ]);
    const [first] = report.layers;
    expect([first?.bytesBefore, first?.bytesAfter]).toEqual([4 * 24 * 10, 24 * 10 + 4 * 48]);
    expect(Math.max(...report.layers.map(({ maxError }) => maxError))).toBe(report.maxError);
  });

  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /^invalid-argument: options: expected an object/],
    ['int4', { weights: 'int4' }, /^not-supported: .*"int4"/],
    ['int16', { weights: 'int16' }, /^not-supported: .*"int16"/],
    ['other weights', { weights: 'int7' }, /^invalid-argument: options: weights must be "int8", got "int7"/],
    [
      'an unknown node',
      { weights: 'int8', keep: ['gru'] },
      /^invalid-argument: .*"gru"; the nodes are "embedding", "lstm.l0", "lstm.l1", "head"/,
    ],
    ['an unknown option', { weights: 'int8', skip: [] }, /^invalid-argument: options: unknown field "skip"/],
  ])('refused: %s', (_name, options, message) => {
    expect(refusalText(() => quantize(model, options as QuantizeOptions))).toMatch(message);
  });

  it('refused: a model that is int8 already, a name that is taken, no model', () => {
    expect(refusalText(() => quantize(smallModel(), int8))).toMatch(
      /^invalid-argument: tensor "head.weight" is int8 already/,
    );
    const taken = denseModel(float32([2, 3]));
    const node: GraphNode = {
      name: 'dense',
      type: 'dense',
      input: 'x',
      tensors: { weight: 'w', bias: 'w.scale' },
    };
    const tensors = new Map([...taken.tensors, ['w.scale', float32([2])] as const]);
    const model: ModelDefinition = { graph: { ...taken.graph, nodes: [node] }, tensors };
    expect(refusalText(() => quantize(model, int8))).toMatch(/^invalid-argument: .*"w.scale" of its own/);
    expect(refusalText(() => quantize(undefined as unknown as ModelDefinition, int8))).toMatch(
      /^invalid-argument: a model definition/,
    );
  });
});
