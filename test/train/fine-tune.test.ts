import { describe, expect, it, vi } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import { macrotask } from '../../src/hosts/macrotask.ts';
import { Model } from '../../src/session/model.ts';
import { quantize } from '../../src/session/quantize.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { DivergedError } from '../../src/train/diverged.ts';
import { type FineTuneOptions, type FineTuneProgress, fineTune } from '../../src/train/fine-tune.ts';
import { testRuntime } from '../runtime.ts';
import { trainRuntime } from './cases.ts';
import { PROSE, textModel } from './tasks.ts';

const runtime = trainRuntime('simd');
const options: FineTuneOptions = { epochs: 20, batchSize: 4, unroll: 8, learningRate: 0.01 };

const lossOf = (model: Model) => evaluateText(model.createSession(), PROSE).loss;

describe('fineTune', () => {
  it('gives another model, in the same runtime, and leaves the first as it was', async () => {
    using model = new Model(runtime, textModel());
    const session = model.createSession();
    session.run([1, 2, 3]);
    const [loss, state] = [lossOf(model), session.snapshot()];
    const result = await fineTune(model, PROSE, options);
    using tuned = result.model;
    expect(tuned.runtime).toBe(runtime);
    expect(result.copied).toBe(false);
    expect(lossOf(tuned)).toBeLessThan(loss - 0.8);
    expect(tuned.fingerprint.shape).toBe(model.fingerprint.shape);
    expect([lossOf(model), session.snapshot()]).toEqual([loss, state]);
    expect(result.history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(result.history[0]!.loss).toBeGreaterThan(result.history[19]!.loss);
    expect(tuned.createSession().run([1, 2, 3])).toBeInstanceOf(Float32Array);
  });

  it('copies where the runtime only infers: into one that is given, or one that is made', async () => {
    using model = new Model(testRuntime(), textModel());
    using here = new Model(runtime, textModel());
    using expected = (await fineTune(here, PROSE, options)).model;
    const given = await fineTune(model, PROSE, { ...options, runtime });
    expect([given.copied, given.model.runtime]).toEqual([true, model.runtime]);
    expect(given.model.fingerprint).toEqual(expected.fingerprint);
  });

  it('int8 in, int8 out', async () => {
    const { model } = quantize(new Model(runtime, textModel()), { weights: 'int8', keep: ['head'] });
    const { model: tuned } = await fineTune(model, PROSE, { ...options, trainable: ['lstm', 'head'] });
    expect(tuned.layers.map(({ weights }) => weights)).toEqual(['float32', 'int8', 'float32']);
    expect(lossOf(tuned)).toBeLessThan(lossOf(model) - 0.5);
    expect([...tuned.definition.tensors.keys()].sort()).toEqual([...model.definition.tensors.keys()].sort());
  });

  it('keeps the tokenizer and the metadata', async () => {
    using model = new Model(runtime, { ...textModel(), metadata: { author: 'x' } });
    const { model: tuned } = await fineTune(model, PROSE, { ...options, epochs: 1 });
    expect(tuned.metadata).toEqual({ author: 'x' });
    expect(tuned.tokenizer?.size).toBe(model.tokenizer?.size);
  });

  it('validates each epoch, and keeps the best where asked', async () => {
    using model = new Model(runtime, textModel());
    // Words that the training text does not hold: the longer it trains, the less it expects them.
    const validation = 'the brush and the trees, '.repeat(3);
    const result = await fineTune(model, PROSE, { ...options, epochs: 60, validation, keep: 'best' });
    const losses = result.history.map((epoch) => epoch.validation!);
    const least = Math.min(...losses);
    expect(least).toBeLessThan(losses.at(-1)!);
    expect(evaluateText(result.model.createSession(), validation).loss).toBe(least);
    const last = await fineTune(model, PROSE, { ...options, epochs: 60, validation });
    expect(evaluateText(last.model.createSession(), validation).loss).toBe(losses.at(-1)!);
  });

  it('reports progress', async () => {
    using model = new Model(runtime, textModel());
    const seen: FineTuneProgress[] = [];
    const { history } = await fineTune(model, PROSE, {
      ...options,
      epochs: 3,
      yieldEvery: 0,
      validation: 0.2,
      onProgress: (progress) => seen.push(progress),
    });
    const updates = seen.at(-1)!.updates;
    expect(seen.map(({ update }) => update)).toEqual(Array.from({ length: updates }, (_, i) => i + 1));
    const ends = seen.filter(({ validation }) => validation !== undefined);
    expect(ends.map(({ epoch, validation }) => [epoch, validation])).toEqual(
      history.map(({ epoch, validation }) => [epoch, validation]),
    );
    expect(
      seen.every(
        ({ loss, gradientNorm, learningRate }) => loss > 0 && gradientNorm > 0 && learningRate === 0.01,
      ),
    ).toBe(true);
    expect(seen.some(({ timestepsPerSecond }) => timestepsPerSecond! > 100)).toBe(true);
  });

  it('lets the host have its turn, and stops when told to', async () => {
    using model = new Model(runtime, textModel());
    const controller = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => ++ticks, 1);
    setTimeout(() => controller.abort('enough'), 60);
    const started = performance.now();
    const error = await refusalOf(
      fineTune(model, PROSE, { ...options, epochs: 1e6, yieldEvery: 4, signal: controller.signal }),
    );
    clearInterval(timer);
    expect([error.code, error.cause]).toEqual(['aborted', 'enough']);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(ticks).toBeGreaterThan(2);
  });

  it('does so where the clock stands still', async () => {
    using model = new Model(runtime, textModel());
    const { performance: clock } = globalThis;
    const frozen = clock.now();
    let turns = 0;
    let running = true;
    const turn = () => {
      turns++;
      if (running) setImmediate(turn);
    };
    try {
      Object.defineProperty(globalThis, 'performance', { value: { now: () => frozen }, configurable: true });
      setImmediate(turn);
      const seen: FineTuneProgress[] = [];
      await fineTune(model, PROSE, {
        ...options,
        epochs: 200,
        onProgress: (progress) => seen.push(progress),
      });
      expect(turns).toBeGreaterThan((200 * 416) / 4096);
      expect(seen.every(({ timestepsPerSecond }) => timestepsPerSecond === undefined)).toBe(true);
    } finally {
      running = false;
      Object.defineProperty(globalThis, 'performance', { value: clock, configurable: true });
    }
  });

  it.each([
    ['setImmediate', []],
    ['MessageChannel', ['setImmediate']],
    ['setTimeout', ['setImmediate', 'MessageChannel']],
  ])('has its turns from %s', async (_, missing) => {
    for (const name of missing) vi.stubGlobal(name, undefined);
    try {
      let fired = false;
      setTimeout(() => {
        fired = true;
      }, 1);
      for (let i = 0; i < 5000 && !fired; i++) await macrotask();
      expect(fired).toBe(true);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('a divergence brings the last good model', async () => {
    using model = new Model(runtime, textModel());
    const bytes = runtime.memoryBytes;
    const error = await refusalOf(
      fineTune(model, PROSE, { ...options, epochs: 200, warmup: 2000, learningRate: 1000 }),
    );
    expect(error).toBeInstanceOf(DivergedError);
    const { definition, update } = (error as DivergedError).lastGood;
    expect(update).toBeGreaterThanOrEqual(0);
    new Model(runtime, definition).dispose();
    expect(runtime.memoryBytes).toBe(bytes);
  });

  const any = (value: unknown) => value as never;
  const float32 = new Model(runtime, textModel());
  const disposed = new Model(runtime, textModel());
  disposed.dispose();
  const refusals: readonly [string, () => Promise<unknown>, string, RegExp][] = [
    ['no model', () => fineTune(any({}), PROSE), 'invalid-argument', /fineTune takes a model/],
    ['a disposed model', () => fineTune(disposed, PROSE), 'disposed', /disposed/],
    ['no data', () => fineTune(float32, any(undefined)), 'invalid-argument', /undefined/],
    ['an empty text', () => fineTune(float32, ''), 'empty-data', /2 tokens/],
    [
      'null options',
      () => fineTune(float32, PROSE, any(null)),
      'invalid-argument',
      /options must be an object/,
    ],
    ['an unknown option', () => fineTune(float32, PROSE, any({ lr: 1 })), 'invalid-argument', /"lr"/],
    ['keep', () => fineTune(float32, PROSE, any({ keep: 'first' })), 'invalid-argument', /keep.*"first"/],
    [
      'keep best of nothing',
      () => fineTune(float32, PROSE, { keep: 'best' }),
      'invalid-argument',
      /validation/,
    ],
    ['yieldEvery', () => fineTune(float32, PROSE, { yieldEvery: -1 }), 'invalid-argument', /yieldEvery.*-1/],
    ['onProgress', () => fineTune(float32, PROSE, any({ onProgress: 1 })), 'invalid-argument', /onProgress/],
    ['signal', () => fineTune(float32, PROSE, any({ signal: {} })), 'invalid-argument', /AbortSignal/],
    [
      'runtime',
      () => fineTune(float32, PROSE, { runtime: testRuntime() }),
      'invalid-argument',
      /module: "train"/,
    ],
    ['aborted', () => fineTune(float32, PROSE, { signal: AbortSignal.abort() }), 'aborted', /aborted/],
  ];
  it.each(refusals)('refuses %s', async (_, act, code, words) => {
    const error = await refusalOf(act());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });
});

async function refusalOf(promise: Promise<unknown>): Promise<RivuletError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RivuletError);
  return error as RivuletError;
}
