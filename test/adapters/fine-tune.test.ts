/** fineTune with adapters, and with a part of the layers. */
import { describe, expect, it } from 'vitest';
import { loadAdapter } from '../../src/adapters/load.ts';
import { layersOf } from '../../src/adapters/matrices.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import { quantize } from '../../src/session/quantize.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { type FineTuneOptions, fineTune } from '../../src/train/fine-tune.ts';
import { mergeAdapter } from '../../src/train/merge-adapter.ts';
import type { TrainingOptions } from '../../src/train/options.ts';
import { Training } from '../../src/train/training.ts';
import { testRuntime } from '../runtime.ts';
import { bits, trainRuntime } from '../train/cases.ts';
import { PROSE, sineData, sineModel, textModel } from '../train/tasks.ts';

const runtime = trainRuntime('simd');
const options: FineTuneOptions = { epochs: 20, batchSize: 4, unroll: 8, learningRate: 0.01 };
const adapters = { rank: 4 };
const room = { adapters } as const;

const lossOf = (model: Model, session = model.createSession()) => evaluateText(session, PROSE).loss;

describe('fineTune with adapters', () => {
  it('learns, and gives the merged model and the adapter', async () => {
    using model = new Model(runtime, textModel(), adapters);
    const before = lossOf(model);
    const { model: tuned, adapter } = await fineTune(model, PROSE, { ...options, ...room });
    expect(lossOf(tuned)).toBeLessThan(before - 0.8);
    expect(adapter!.base).toEqual(model.fingerprint);
    expect(adapter!.layers).toEqual(['lstm', 'head']);
    expect([adapter!.rank, adapter!.alpha]).toEqual([4, 8]);
    const merged = mergeAdapter(model, loadAdapter(adapter!.toBytes()));
    expect(merged.fingerprint).toEqual(tuned.fingerprint);
    expect(Math.abs(lossOf(model, model.createSession({ adapter: adapter! })) - lossOf(tuned))).toBeLessThan(
      1e-5,
    );
    expect(lossOf(model)).toBe(before);
  });

  it('reports the loss that sessions have with the adapter, to the bit where its scale is a power of two', async () => {
    using model = new Model(runtime, textModel(), adapters);
    const validation = 'the brush and the trees, '.repeat(3);
    const { adapter, history } = await fineTune(model, PROSE, { ...options, ...room, epochs: 3, validation });
    const session = model.createSession({ adapter: adapter! });
    expect(evaluateText(session, validation).loss).toBe(history[2]!.validation);
  });

  it('keeps the best, adapter and model alike', async () => {
    using model = new Model(runtime, textModel(), adapters);
    const validation = 'the brush and the trees, '.repeat(3);
    const result = await fineTune(model, PROSE, {
      ...options,
      ...room,
      epochs: 60,
      validation,
      keep: 'best',
    });
    const losses = result.history.map((epoch) => epoch.validation!);
    expect(Math.min(...losses)).toBeLessThan(losses.at(-1)!);
    const session = model.createSession({ adapter: result.adapter! });
    expect(evaluateText(session, validation).loss).toBe(Math.min(...losses));
    expect(mergeAdapter(model, result.adapter!).fingerprint).toEqual(result.model.fingerprint);
  });

  it('int8 in, int8 out; the adapter belongs to the int8 model', async () => {
    const float32 = new Model(runtime, textModel());
    const int8 = quantize(float32, { weights: 'int8', keep: ['head'] }).model;
    using model = new Model(runtime, int8.definition, adapters);
    const { model: tuned, adapter } = await fineTune(model, PROSE, { ...options, ...room });
    expect(tuned.layers.map(({ weights }) => weights)).toEqual(['float32', 'int8', 'float32']);
    expect(adapter!.base).toEqual(model.fingerprint);
    const adapted = lossOf(model, model.createSession({ adapter: adapter! }));
    expect(adapted).toBeLessThan(lossOf(model) - 0.5);
    expect(Math.abs(lossOf(tuned) - adapted)).toBeLessThan(0.05);
    expect(() => mergeAdapter(float32, adapter!)).toThrow(
      expect.objectContaining({ code: 'adapter-mismatch' }),
    );
  });

  it.each([
    [
      'the recurrent matrix of a layer',
      { rank: 2, layers: ['lstm'], matrices: 'recurrent' },
      ['lstm.weight_hh_l0'],
    ],
    ['input matrices', { rank: 2, matrices: 'input' }, ['lstm.weight_ih_l0', 'head.weight']],
    ['a layer', { rank: 2, layers: ['head'] }, ['head.weight']],
  ] as const)('changes nothing but %s', (_, choice, names) => {
    using training = new Training(runtime, textModel(), PROSE, { ...options, epochs: 2, adapters: choice });
    const start = training.definition();
    while (!training.finished) training.step();
    const end = training.definition();
    const changed = [...end.tensors].filter(
      ([name, { data }]) => `${data}` !== `${start.tensors.get(name)!.data}`,
    );
    expect(changed.map(([name]) => name).sort()).toEqual([...names].sort());
    expect([...training.adapters()!.factors.keys()]).toEqual(names);
    const values = names.flatMap((name) => Object.values(training.adapters()!.factors.get(name)!));
    expect(training.parameterCount).toBe(values.reduce((sum, { data }) => sum + data.length, 0));
  });

  it('begins with the model: A follows from the seed, B is zero', () => {
    const begin = (seed: number) => {
      using training = new Training(runtime, textModel(), PROSE, { ...options, adapters, seed });
      const same = [...training.definition().tensors].every(
        ([name, { data }]) => `${data}` === `${textModel().tensors.get(name)!.data}`,
      );
      expect(same).toBe(true);
      return training.adapters()!.factors.get('lstm.weight_hh_l0')!;
    };
    const [first, again, other] = [begin(1), begin(1), begin(2)];
    expect(bits(first.a.data)).toEqual(bits(again.a.data));
    expect(bits(first.a.data)).not.toEqual(bits(other.a.data));
    expect(first.b.data.every((value) => value === 0)).toBe(true);
    const bound = 1 / Math.sqrt(16);
    expect(Math.max(...first.a.data.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...first.a.data.map(Math.abs))).toBeGreaterThan(0.8 * bound);
  });

  it('goes on from a checkpoint with the same bits, and refuses one of other adapters', () => {
    const all = { ...options, epochs: 2, adapters, dropout: 0.1 };
    using whole = new Training(runtime, sineModel(), sineData(), all);
    using first = new Training(runtime, sineModel(), sineData(), all);
    while (!whole.finished) whole.step();
    for (let i = 0; i < 5; i++) first.step();
    const checkpoint = first.checkpoint();
    using second = Training.resume(runtime, sineModel(), sineData(), all, checkpoint);
    while (!second.finished) second.step();
    expect(second.definition()).toEqual(whole.definition());
    const other = { ...all, adapters: { rank: 4, alpha: 1 } };
    const resume = () => Training.resume(runtime, sineModel(), sineData(), other, checkpoint);
    expect(resume).toThrow(expect.objectContaining({ code: 'checkpoint-mismatch' }));
    expect(resume).toThrow(/adapters/);
  });
});

describe('trainable', () => {
  const trained = (definition: ModelDefinition, trainable: TrainingOptions['trainable']) => {
    using training = new Training(runtime, definition, PROSE, {
      ...options,
      epochs: 1,
      ...(trainable && { trainable }),
    });
    return training.options.trainable;
  };

  it.each([
    ['head', ['head.bias', 'head.weight']],
    ['biases', ['head.bias', 'head.weight', 'lstm.bias_hh_l0', 'lstm.bias_ih_l0']],
  ] as const)('%s', (preset, names) => {
    expect(trained(textModel(), preset)).toEqual(names);
  });

  it('all is the default', () => {
    expect(trained(textModel(), 'all')).toEqual(trained(textModel(), undefined));
    expect(trained(textModel(), 'all')).toEqual([...textModel().tensors.keys()].sort());
  });

  it.each([
    [
      'a preset that nobody knows',
      { trainable: 'heads' },
      /trainable.*one of all, head, biases, got "heads"/,
    ],
    ['both', { trainable: 'head', adapters }, /no choice of trainable: leave one of the two out/],
    ['int8 factors', { quantizationAware: 'int8', adapters }, /no choice of quantizationAware/],
    [
      'a layer without matrices',
      { adapters: { rank: 2, layers: ['embedding'] } },
      /layers names "embedding".*"lstm", "head"/,
    ],
    ['no layer', { adapters: { rank: 2, layers: [] } }, /no matrix to adapt/],
    ['no rank', { adapters: {} }, /rank/],
    ['rank 0', { adapters: { rank: 0 } }, /rank.*from 1 to 256, got 0/],
    ['alpha 0', { adapters: { rank: 1, alpha: 0 } }, /alpha/],
    ['a misspelled field', { adapters: { rank: 1, layer: [] } }, /unknown field "layer"/],
    ['matrices', { adapters: { rank: 1, matrices: 'all' } }, /input, recurrent, both/],
    ['no adapters', { adapters: true }, /adapters: expected an object, got true/],
  ] as const)('refuses %s', (_, change, reason) => {
    const train = () => new Training(runtime, textModel(), PROSE, { ...options, ...(change as object) });
    expect(train).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    expect(train).toThrow(reason);
  });

  it('refuses to adapt a matrix that serves twice', () => {
    const { graph, tensors } = textModel();
    const nodes = graph.nodes.map((node) =>
      node.name === 'head' ? { ...node, input: 'embedding', tensors: { weight: 'embedding.weight' } } : node,
    );
    const tied = { graph: { ...graph, nodes }, tensors } as ModelDefinition;
    const used = new Map([...tensors].filter(([name]) => !name.startsWith('head')));
    const load = () => new Model(testRuntime(), { ...tied, tensors: used }, { rank: 2 });
    expect(layersOf(tied, ['embedding.weight'])).toEqual(['head']);
    expect(load).toThrow(expect.objectContaining({ code: 'not-supported' }));
    expect(load).toThrow(/layer "head".*"embedding.weight" serves elsewhere/);
  });
});
