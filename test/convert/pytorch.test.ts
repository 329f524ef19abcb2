import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/convert/index.ts';
import type { ConvertedPyTorchConfig } from '../../src/convert/pytorch/config.ts';
import { importModules } from '../../src/convert/pytorch/modules.ts';
import { serializeSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/graph/definition.ts';
import { float32, fixture as stateDictFile } from '../formats/models.ts';
import { refusalText } from '../formats/refusals.ts';
import { largestDifference } from './lstm-f64.ts';
import { load } from './run.ts';

interface Case {
  readonly config: ConvertedPyTorchConfig;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

const fixture = (name: string) => readFileSync(new URL(`./fixtures/pytorch/${name}`, import.meta.url));
const cases = JSON.parse(fixture('cases.json').toString()) as Record<string, Case>;

describe('state_dicts of PyTorch', () => {
  it.each(Object.keys(cases))('%s as PyTorch computes it', async (name) => {
    const { config, inputs, outputs } = cases[name]!;
    const { definition } = await convert(fixture(`${name}.safetensors`), { config: JSON.stringify(config) });
    const session = (await load(definition)).createSession();
    const result = session.run(Float32Array.from(inputs));
    expect(largestDifference(result, outputs)).toBeLessThan(1e-5);
  });

  it('a batch norm, without the int64 counter of its training', () => {
    const { definition, counters } = importModules(stateDictFile('batch-norm'), { order: ['norm'] });
    const { graph, tensors } = definition;
    expect(counters).toEqual(['norm.num_batches_tracked']);
    expect(graph.nodes).toHaveLength(1);
    expect([...tensors.keys()].sort()).toEqual([
      'norm.bias',
      'norm.running_mean',
      'norm.running_var',
      'norm.weight',
    ]);
  });

  it('a tensor of no module is refused, or left out and reported', async () => {
    const tensors = new Map([
      ['gru.weight_ih_l0', float32([15, 4])],
      ['gru.weight_hh_l0', float32([15, 5])],
      ['codebook', float32([2, 3])],
    ]);
    const bytes = serializeSafetensors(tensors, {});
    await expect(convert(bytes)).rejects.toThrow(/no module .* "codebook" \[2, 3\]/);
    const { definition, report } = await convert(bytes, { allowUnused: true });
    expect(definition.tensors.has('codebook')).toBe(false);
    expect(report).toMatchObject({ unused: ['codebook'], parametersFound: 141, parametersUsed: 135 });
  });

  const gru = { 'gru.weight_ih_l0': [15, 4], 'gru.weight_hh_l0': [15, 5] };
  it.each<[string, Readonly<Record<string, readonly number[]>>, ConvertedPyTorchConfig, RegExp]>([
    [
      'a normalisation',
      { ...gru, 'norm.weight': [5], 'norm.bias': [5] },
      {},
      /^not-supported: module "norm" .* "norm.bias" \[5\], "norm.weight" \[5\]: .*GroupNorm.* give `norms`/,
    ],
    [
      'a convolution',
      { ...gru, 'conv.weight': [5, 4, 3] },
      {},
      /^not-supported: .* "conv.weight" \[5, 4, 3\] .*stride.* give `convolutions`/,
    ],
    [
      'a convolution without an order',
      { ...gru, 'conv.weight': [4, 2, 3] },
      { convolutions: { conv: { over: 'time' } } },
      /^invalid-graph: module "conv" .*give `order`/,
    ],
    [
      'a convolution within frames of any width',
      { 'conv.weight': [4, 2, 3] },
      { order: ['conv'], convolutions: { conv: { over: 'frame' } } },
      /^invalid-argument: config: module "conv" stands first .* give `inputSize`/,
    ],
    [
      'a convolution with groups behind another',
      { 'a.weight': [4, 2, 3], 'b.weight': [4, 2, 3] },
      { order: ['a', 'b'], inputSize: 8, convolutions: { a: { over: 'frame' }, b: { over: 'frame' } } },
      /^invalid-graph: module "b" takes other frames, but "a" before it gives 8, 4 channels of 2/,
    ],
    [
      'padding over time',
      { 'conv.weight': [4, 2, 3] },
      { order: ['conv'], convolutions: { conv: { over: 'time', padding: 1 } } } as object,
      /^invalid-argument: .*"conv": unknown field "padding"/,
    ],
    [
      'a reflection of several channels',
      { 'conv.weight': [4, 2, 3] },
      { convolutions: { conv: { over: 'frame', reflect: { before: 1, behind: 1 } } } },
      /^not-supported: module "conv": reflect is of one channel, it has 2/,
    ],
    [
      'a convolution of no module',
      gru,
      { convolutions: { conv: { over: 'time' } } },
      /^invalid-argument: config: convolutions names "conv"; the modules are "gru"/,
    ],
    [
      'an input size that the first module does not take',
      gru,
      { inputSize: 7 },
      /^invalid-argument: config: inputSize is 7, which module "gru", the first, does not take; it takes 4/,
    ],
    ['a config that is no object', gru, [] as never, /^invalid-argument: config: expected an object/],
    [
      'a reflection beyond measure',
      { 'conv.weight': [4, 1, 3] },
      { convolutions: { conv: { over: 'frame', reflect: { before: 0, behind: 60000 } } } },
      /^invalid-argument: .*"behind" must be an integer from 0 to 1024/,
    ],
  ])('refused: %s', (_name, shapes, config, message) => {
    const tensors = Object.entries(shapes).map(([name, shape]): [string, Tensor] => [name, float32(shape)]);
    expect(refusalText(() => importModules(serializeSafetensors(new Map(tensors), {}), config))).toMatch(
      message,
    );
  });
});
