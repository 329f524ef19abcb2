/** A learner on long streams: constant memory, and a drift that it follows where the frozen model cannot. */
import { describe, expect, it } from 'vitest';
import {
  createLearner,
  dense,
  gru,
  input,
  type LearnerOptions,
  type Model,
  minGru,
  minLstm,
  sequential,
  Training,
} from '../../src/index.ts';
import { Model as LoadedModel } from '../../src/session/model.ts';
import { Random } from '../reference/random.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { trainRuntime } from './cases.ts';

const builder = testRuntime();
const TIMESTEPS = 100_000;

describe.each(BUILDS)('memory, %s build', (build) => {
  const cases: readonly [string, Parameters<typeof sequential>[0][0], LearnerOptions][] = [
    ['bptt, window 8 every 4', gru(3), { window: 8, every: 4, horizon: 5 }],
    ['rtrl', minLstm(3), { algorithm: 'rtrl', every: 1, horizon: 5 }],
    ['rtrl by sgd', minGru(3), { algorithm: 'rtrl', optimizer: 'sgd', every: 7 }],
  ];

  it.each(cases)(
    `is constant over ${TIMESTEPS} timesteps: %s`,
    (_, cell, options) => {
      const runtime = trainRuntime(build);
      const definition = sequential([cell as ReturnType<typeof gru>, dense(1)], {
        input: input('x', 2),
        runtime: builder,
      });
      using learner = createLearner(new LoadedModel(runtime, definition), options);
      const [bytes, snapshot] = [runtime.memoryBytes, learner.snapshot().length];
      const random = new Random(1);
      const [x, y, out] = [new Float32Array(2), new Float32Array(1), new Float32Array(1)];
      for (let t = 0; t < TIMESTEPS; t++) {
        x[0] = random.uniform(-1, 1);
        x[1] = x[0] * x[1]!;
        y[0] = x[0] - x[1];
        learner.step(x, out);
        // A thousand timesteps in ten thousand have no target.
        if (learner.awaitsTarget && t % 10_000 >= 1000) learner.observe(y);
      }
      expect(learner.timesteps).toBe(TIMESTEPS);
      expect(learner.updates).toBeGreaterThan(10_000);
      expect(runtime.memoryBytes).toBe(bytes);
      // The numbers of its record have more digits than at first.
      expect(Math.abs(learner.snapshot().length - snapshot)).toBeLessThan(64);
    },
    300_000,
  );
});

describe('a drift', () => {
  const [BEFORE, AFTER, HORIZON] = [1500, 3000, 3];
  const runtime = trainRuntime('simd');

  /** Two sines and noise, until the drift; then others, around another mean. */
  const values = (() => {
    const random = new Random(3);
    return Float32Array.from({ length: BEFORE + AFTER }, (_, t) => {
      const noise = random.gaussian(0, 0.05);
      if (t < BEFORE) return Math.sin(t / 4) + 0.5 * Math.sin(t / 11) + noise;
      return 1.2 + 0.6 * Math.sin(t / 2.6) - 0.4 * Math.sin(t / 17) + noise;
    });
  })();

  /** A forecaster that knows what comes before the drift. */
  function forecaster(cell: Parameters<typeof sequential>[0][0]): Model {
    const definition = sequential([cell as ReturnType<typeof gru>, dense(1)], {
      input: input('x', 1),
      runtime,
      seed: 1,
    });
    const data = { inputs: values.slice(0, BEFORE - HORIZON), targets: values.slice(HORIZON, BEFORE) };
    using training = new Training(runtime, definition, data, {
      epochs: 30,
      batchSize: 4,
      unroll: 32,
      learningRate: 0.01,
    });
    while (!training.finished) training.step();
    return new LoadedModel(runtime, training.definition());
  }

  /** Mean absolute errors of the last half before the drift, and after it. */
  function errorsOf(forecastAt: (t: number) => number): { before: number; after: number } {
    let [before, after] = [0, 0];
    for (let t = 0; t + HORIZON < values.length; t++) {
      const error = Math.abs(forecastAt(t) - values[t + HORIZON]!);
      if (t + HORIZON >= BEFORE) after += error / AFTER;
      else if (t + HORIZON >= BEFORE / 2) before += (2 * error) / BEFORE;
    }
    return { before, after };
  }

  function frozenErrors(model: Model) {
    using session = model.createSession();
    return errorsOf((t) => session.step(values.subarray(t, t + 1))[0]!);
  }

  function learnerErrors(model: Model, options: LearnerOptions) {
    using learner = createLearner(model, { ...options, horizon: HORIZON });
    return errorsOf((t) => {
      if (learner.awaitsTarget) learner.observe(values.subarray(t, t + 1));
      return learner.step(values.subarray(t, t + 1))[0]!;
    });
  }

  it.each([
    ['gru, bptt', gru(12), { window: 24, every: 8, learningRate: 0.001 }],
    ['minGRU, bptt', minGru(24), { window: 24, every: 8, learningRate: 0.003 }],
    ['minGRU, rtrl', minGru(24), { algorithm: 'rtrl', learningRate: 0.003 }],
    ['minLSTM, rtrl', minLstm(24), { algorithm: 'rtrl', learningRate: 0.003 }],
  ] as const)('%s: half of the error of the frozen model after it, and no more than a tenth on top before', (_, cell, options) => {
    using model = forecaster(cell);
    const frozen = frozenErrors(model);
    const learner = learnerErrors(model, options);
    expect(learner.after).toBeLessThan(0.5 * frozen.after);
    expect(learner.before).toBeLessThan(1.1 * frozen.before);
  });
});
