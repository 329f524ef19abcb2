/** A learner: what it predicts, when and from what it learns, what it refuses, and how it goes on elsewhere. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import {
  createLearner,
  dense,
  embedding,
  gru,
  input,
  type Learner,
  type LearnerOptions,
  lstm,
  minGru,
  minLstm,
  sequential,
} from '../../src/index.ts';
import { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import { Sensitivities } from '../../src/train/sensitivities.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { refusal } from '../formats/refusals.ts';
import { Random } from '../reference/random.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { type Build, bits, trainRuntime } from './cases.ts';
import { words } from './drive.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
const builder = testRuntime();

const SIZE = { input: 3, output: 2 };
const features = (cell: Parameters<typeof sequential>[0][0]): ModelDefinition =>
  sequential([cell as ReturnType<typeof gru>, dense(SIZE.output)], {
    input: input('x', SIZE.input),
    runtime: builder,
    seed: 5,
  });

interface LearnerCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly options: LearnerOptions;
  /** Enough for several updates; 40 unless given. */
  readonly timesteps?: number;
}

const WINDOWS: readonly LearnerCase[] = [
  { name: 'lstm, window 8', definition: features(lstm(12)), options: { window: 8 } },
  { name: 'gru, window 9 every 4', definition: features(gru(17)), options: { window: 9, every: 4 } },
  {
    name: 'lstm, window 140 every 35, in segments',
    definition: features(lstm(5)),
    options: { window: 140, every: 35 },
    timesteps: 360,
  },
  { name: 'gru, window 6 every 1', definition: features(gru(5)), options: { window: 6, every: 1 } },
  {
    name: 'minGRU, window 8, sgd',
    definition: features(minGru(16, { learnInitial: true })),
    options: { window: 8, optimizer: 'sgd' },
  },
  { name: 'minGRU, rtrl', definition: features(minGru(20)), options: { algorithm: 'rtrl', every: 1 } },
  {
    name: 'minLSTM, rtrl every 5',
    definition: features(minLstm(9, { learnInitial: true })),
    options: { algorithm: 'rtrl', every: 5 },
  },
];
const TEXT: LearnerCase = {
  name: 'tokens, lstm',
  definition: sequential([embedding(11, 6), lstm(10), dense(11)], { runtime: builder, seed: 6 }),
  options: { window: 5, learningRate: 0.02, trainable: ['lstm', 'dense'] },
};
const ALL = [...WINDOWS, TEXT].map((each) => [each.name, each] as const);

function learnerOf({ definition, options }: LearnerCase, more: LearnerOptions = {}, build: Build = 'simd') {
  const runtime = runtimes[build];
  return createLearner(new Model(runtime, definition), { learningRate: 0.01, ...options, ...more });
}

interface Example {
  readonly input: number | Float32Array;
  readonly target: number | Float32Array;
}

function examplesOf({ definition }: LearnerCase, count: number, seed = 1): Example[] {
  const random = new Random(seed);
  const tokens = definition.graph.inputs[0]!.kind === 'tokens';
  return Array.from({ length: count }, () =>
    tokens
      ? { input: random.integer(0, 11), target: random.integer(0, 11) }
      : { input: random.gaussians(SIZE.input), target: random.gaussians(SIZE.output) },
  );
}

function windowOf({ options }: Pick<LearnerCase, 'options'>) {
  const every = options.every ?? options.window!;
  return { every, window: options.window ?? every };
}

function learnAll(learner: Learner, examples: readonly Example[]): number[] {
  return examples.map(({ input, target }) => learner.learn(input, target));
}

function weightsOf(learner: Learner) {
  using model = learner.toModel();
  return wordsOf(model.definition);
}

function wordsOf({ tensors }: ModelDefinition) {
  return words(new Map([...tensors].map(([name, { data }]) => [name, data as Float32Array])));
}

describe.each(ALL)('%s', (_, each) => {
  const { every } = windowOf(each);
  const { timesteps = 40 } = each;

  it('predicts as the model does, before the first update and after each', () => {
    using learner = learnerOf(each);
    let model = new Model(runtimes.simd, each.definition);
    let session: Session = model.createSession();
    for (const [t, { input, target }] of examplesOf(each, timesteps).entries()) {
      const expected = session.step(input);
      const out = new Float32Array(expected.length);
      learner.learn(input, target, out);
      expect(bits(out), `timestep ${t}`).toEqual(bits(expected));
      const state = session.snapshot();
      const next = learner.toModel();
      session = next.createSession();
      session.restore(state, { allowOtherWeights: true });
      model.dispose();
      model = next;
    }
    expect(learner.updates).toBeGreaterThan(0);
    model.dispose();
  });

  it('gives the loss of what it predicted', () => {
    using learner = learnerOf(each);
    for (const { input, target } of examplesOf(each, 12)) {
      const out = new Float32Array(typeof target === 'number' ? 11 : SIZE.output);
      const loss = learner.learn(input, target, out);
      expect(loss).toBeCloseTo(lossOf(out, target), 5);
    }
  });

  it('updates every so many timesteps, and not in between', () => {
    using learner = learnerOf(each);
    let before = weightsOf(learner);
    for (const [t, { input, target }] of examplesOf(each, timesteps).entries()) {
      learner.learn(input, target);
      const isDue = (t + 1) % every === 0;
      expect(learner.updates).toBe(Math.floor((t + 1) / every));
      const after = weightsOf(learner);
      if (isDue) expect(after).not.toEqual(before);
      else expect(after).toEqual(before);
      before = after;
    }
  });

  it('is the training that its windows are', () => {
    using learner = learnerOf(each);
    const examples = examplesOf(each, timesteps - 3);
    const norms: number[] = [];
    for (const { input, target } of examples) {
      const { updates } = learner;
      learner.learn(input, target);
      if (learner.updates > updates) norms.push(learner.gradientNorm);
    }
    const byHand = trainByHand(each, examples);
    expect(norms).toEqual(byHand.norms);
    expect(weightsOf(learner)).toEqual(byHand.weights);
  });

  it('learns the same where a target comes later', () => {
    const horizon = 6;
    const examples = examplesOf(each, timesteps);
    using at = learnerOf(each);
    using later = learnerOf(each, { horizon });
    const losses = learnAll(at, examples);
    const seen: number[] = [];
    for (const [t, { input }] of examples.entries()) {
      expect(later.awaitsTarget).toBe(t >= horizon);
      if (later.awaitsTarget) seen.push(later.observe(examples[t - horizon]!.target));
      later.step(input);
    }
    for (let t = examples.length; t < examples.length + horizon; t++) {
      later.observe(examples[t - horizon]!.target);
      if (t + 1 < examples.length + horizon) later.step(examples[0]!.input);
    }
    expect(weightsOf(later)).toEqual(weightsOf(at));
    // Until the first update the outputs are the same, and their losses.
    expect(seen.slice(0, every)).toEqual(losses.slice(0, every));
  });

  it('goes on from a snapshot as if nothing had been, on either build', () => {
    const examples = examplesOf(each, 60);
    using whole = learnerOf(each, { horizon: 3 });
    const run = (learner: Learner, part: readonly Example[]) =>
      part.map(({ input, target }) => {
        const loss = learner.awaitsTarget ? learner.observe(target) : -1;
        return [loss, ...bits(learner.step(input))];
      });
    const expected = run(whole, examples);
    for (const [at, build] of [
      [0, 'simd'],
      [17, 'scalar'],
      [41, 'simd'],
    ] as const) {
      const first = learnerOf(each, { horizon: 3 });
      run(first, examples.slice(0, at));
      const bytes = first.snapshot();
      expect(Buffer.compare(first.snapshot(), bytes)).toBe(0);
      first.dispose();
      using second = learnerOf(each, { horizon: 3 }, build);
      run(second, examplesOf(each, 5, 9));
      second.restore(bytes);
      expect(Buffer.compare(second.snapshot(), bytes)).toBe(0);
      expect(run(second, examples.slice(at))).toEqual(expected.slice(at));
      expect(weightsOf(second)).toEqual(weightsOf(whole));
    }
  });

  it('begins the stream anew with reset, and keeps what was learnt', () => {
    using learner = learnerOf(each);
    learnAll(learner, examplesOf(each, 23));
    const weights = weightsOf(learner);
    learner.reset();
    expect(weightsOf(learner)).toEqual(weights);
    expect([learner.timesteps, learner.awaitsTarget]).toEqual([0, false]);
    using model = learner.toModel();
    const [{ input }] = examplesOf(each, 1) as [Example];
    expect(bits(learner.step(input))).toEqual(bits(model.createSession().step(input)));
  });

  it('has the same bits on both builds', () => {
    const [simd, scalar] = BUILDS.map((build) => {
      using learner = learnerOf(each, {}, build);
      return { losses: learnAll(learner, examplesOf(each, timesteps)), weights: weightsOf(learner) };
    });
    expect(scalar).toEqual(simd);
  });

  it.each(refusedCalls(each))('refuses %s, and nothing has changed', (_name, call, code) => {
    using learner = learnerOf(each, { horizon: 2 });
    for (const { input, target } of examplesOf(each, 13)) {
      learner.step(input);
      if (learner.awaitsTarget) learner.observe(target);
    }
    const before = learner.snapshot();
    expect(refusal(() => call(learner)).code).toBe(code);
    expect(Buffer.compare(learner.snapshot(), before)).toBe(0);
  });

  it('goes on over timesteps that no target comes for', () => {
    using learner = learnerOf(each);
    learnAll(learner, examplesOf(each, timesteps));
    const weights = weightsOf(learner);
    for (const { input } of examplesOf(each, 3 * timesteps, 3)) learner.step(input);
    expect(weightsOf(learner)).toEqual(weights);
    learnAll(learner, examplesOf(each, timesteps, 4));
    expect(weightsOf(learner)).not.toEqual(weights);
  });
});

/** The same windows through a trainer, each from the state of the parameters that there were. */
function trainByHand({ definition, options }: LearnerCase, examples: readonly Example[]) {
  const { algorithm, optimizer = 'adam', learningRate = 0.01 } = options;
  const { window, every } = windowOf({ options });
  const loss = typeof examples[0]!.target === 'number' ? 'cross-entropy' : 'mean-squared-error';
  const trainable = (name: string) => options.trainable === undefined || !name.startsWith('embedding');
  const trainer = new Trainer(runtimes.simd, definition, { batchSize: 1, unroll: window, loss, trainable });
  const sensitivities = algorithm === 'rtrl' ? new Sensitivities(trainer) : undefined;
  const norms: number[] = [];
  let first = 0;
  for (let end = every; end <= examples.length; end += every) {
    const part = examples.slice(first, end);
    const weights = Float32Array.from(part, (_, i) => (first + i >= end - every ? 1 : 0));
    const before = trainer.save();
    let { gradientNorm } = trainer.window({ ...columnsOf(part), weights }, part.length);
    gradientNorm = sensitivities?.advance(part.length) ?? gradientNorm;
    norms.push(gradientNorm);
    const next = Math.max(first, end + every - window);
    // Where the next window begins the state is the one that this window had there, with the parameters before the update.
    if (next < end) {
      const gradients = trainer.gradients();
      trainer.restore(before);
      if (next > first) {
        const head = part.slice(0, next - first);
        trainer.window({ ...columnsOf(head), weights: new Float32Array(head.length) }, head.length);
      }
      const state = trainer.save();
      trainer.restore(before);
      trainer.window({ ...columnsOf(part), weights }, part.length);
      expect(words(trainer.gradients())).toEqual(words(gradients));
      update(trainer);
      const blocks = new Map(trainer.save().blocks);
      for (const name of ['state', 'fresh']) blocks.set(name, state.blocks.get(name)!);
      trainer.restore({ blocks, numbers: trainer.save().numbers });
    } else update(trainer);
    first = next;
  }
  const weights = wordsOf(trainer.definition());
  sensitivities?.dispose();
  trainer.dispose();
  return { norms, weights };

  function update(target: Trainer): void {
    const shape = { learningRate, weightDecay: 0, clipNorm: 1 };
    if (optimizer === 'adam')
      target.update({ type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...shape });
    else target.update({ type: 'sgd', momentum: 0.9, nesterov: false, ...shape });
  }
}

function columnsOf(examples: readonly Example[]) {
  const isText = typeof examples[0]!.input === 'number';
  const all = (pick: (each: Example) => number | Float32Array) =>
    examples.flatMap((each) => {
      const value = pick(each);
      return typeof value === 'number' ? [value] : [...value];
    });
  const kind = isText ? Uint32Array : Float32Array;
  return { inputs: kind.from(all(({ input }) => input)), targets: kind.from(all(({ target }) => target)) };
}

/** In float64. */
function lossOf(output: Float32Array, target: number | Float32Array): number {
  if (typeof target !== 'number') {
    return output.reduce((sum, value, i) => sum + (value - target[i]!) ** 2, 0) / output.length;
  }
  const total = output.reduce((sum, value) => sum + Math.exp(value), 0);
  return Math.log(total) - output[target]!;
}

function refusedCalls(each: LearnerCase): [string, (learner: Learner) => unknown, string][] {
  const [{ input, target }] = examplesOf(each, 1) as [Example];
  if (typeof target === 'number') {
    return [
      ['a token out of range', (learner) => learner.step(11), 'token-out-of-range'],
      ['a token that is none', (learner) => learner.learn(1.5, 1), 'token-out-of-range'],
      ['a class out of range', (learner) => learner.learn(1, 11), 'invalid-target'],
      ['a class that is none', (learner) => learner.observe(Number.NaN), 'invalid-target'],
      ['values where a class is due', (learner) => learner.observe(new Float32Array(11)), 'invalid-target'],
    ];
  }
  const bad = (value: number) => Float32Array.of(1, value, 0);
  return [
    ['NaN', (learner) => learner.step(bad(Number.NaN)), 'non-finite-input'],
    ['infinity', (learner) => learner.learn(bad(Infinity), target), 'non-finite-input'],
    ['a short input', (learner) => learner.step(new Float32Array(2)), 'wrong-length'],
    ['a list', (learner) => learner.step([1, 2, 3] as never), 'invalid-argument'],
    ['a NaN target', (learner) => learner.learn(input, Float32Array.of(1, Number.NaN)), 'invalid-target'],
    ['a long target', (learner) => learner.observe(new Float32Array(3)), 'wrong-length'],
    ['a class', (learner) => learner.observe(1), 'invalid-argument'],
    ['too small an out', (learner) => learner.step(input, new Float32Array(1)), 'wrong-length'],
    ['a second target of one output', (learner) => learner.observe(target), 'invalid-argument'],
    ['a snapshot of nothing', (learner) => learner.restore(new Uint8Array(7)), 'invalid-checkpoint'],
  ];
}
