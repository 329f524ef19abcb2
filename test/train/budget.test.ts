/** Windows of many segments within a memory budget: the same bits in less memory. */
import { describe, expect, it } from 'vitest';
import { initialize } from '../../src/train/initialize.ts';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.ts';
import { Training } from '../../src/train/training.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { randomWindow, type TrainBitwiseCase, trainBitwiseCases } from './bitwise-cases.ts';
import { leastBudget } from './budget.ts';
import { trainRuntime } from './cases.ts';
import { type BuildName, train, trainerOf, windowsOf, words } from './drive.ts';
import { SessionStreams } from './sessions.ts';
import { PROSE, textModel } from './tasks.ts';

/** Four segments, the last of eight timesteps. */
const UNROLL = 200;

const cases = trainBitwiseCases()
  .map((each): TrainBitwiseCase => ({ ...each, unroll: UNROLL }))
  .map((each) => [each.name, each] as const);

/** Budgets for one, two and all four resident segments. */
function budgetsOf({ definition, batchSize, unroll, loss }: TrainBitwiseCase, build: BuildName): number[] {
  const options = { batchSize, unroll, loss };
  const bytes = (memoryBudget?: number) => {
    const runtime = trainRuntime(build);
    const blocks: number[] = [];
    const allocate = runtime.allocate.bind(runtime);
    runtime.allocate = (count, what) => allocate(blocks[blocks.push(count) - 1]!, what);
    new Trainer(runtime, definition, { ...options, ...(memoryBudget && { memoryBudget }) });
    return blocks.reduce((sum, count) => sum + count, 0);
  };
  const least = leastBudget(trainRuntime(build), definition, options);
  const segment = (bytes() - bytes(least)) / 3;
  expect(segment).toBeGreaterThan(0);
  expect(bytes(least + segment)).toBe(bytes(least) + segment);
  expect(bytes(least + 3 * segment - 1)).toBe(bytes(least) + 2 * segment);
  return [least, least + segment, least + 3 * segment];
}

function run(
  each: TrainBitwiseCase,
  build: BuildName,
  windows: readonly WindowInput[],
  more: Partial<TrainerOptions>,
) {
  const trainer = trainerOf(each, build, more);
  const losses = train(trainer, windows.slice(0, 2), UNROLL);
  losses.push(...train(trainer, windows.slice(2), 150, 'sgd'));
  const result = { losses, gradients: words(trainer.gradients()), weights: words(trainer.parameters()) };
  trainer.dispose();
  return result;
}

describe.each(cases)('%s, windows of 200 timesteps', (_, each) => {
  const { batchSize } = each;
  const random = new Random(31);
  const windows = [true, false, true].map((weighted) => {
    const window = randomWindow(each, UNROLL * batchSize, random, weighted);
    const lengths = Array.from({ length: batchSize }, (_, row) => [150, 64, 0, 97][row % 4]!);
    return weighted ? { ...window, lengths } : window;
  });

  it('any budget gives the bits of none, with dropout and streams that end, on both builds', () => {
    const more = { dropout: 0.3, seed: 5 };
    const expected = run(each, 'simd', windows, more);
    for (const memoryBudget of budgetsOf(each, 'simd'))
      expect(run(each, 'simd', windows, { ...more, memoryBudget })).toEqual(expected);
    const [least] = budgetsOf(each, 'scalar');
    expect(run(each, 'scalar', windows, { ...more, memoryBudget: least! }), 'scalar').toEqual(expected);
  });

  it('masks that all timesteps share are those of the window in every segment', () => {
    const dropout = { inputs: 0.3, outputs: 0.3, variational: true };
    const [memoryBudget] = budgetsOf(each, 'simd');
    expect(run(each, 'simd', windows, { dropout, memoryBudget: memoryBudget! })).toEqual(
      run(each, 'simd', windows, { dropout }),
    );
  });

  it('the loss is that of sessions', () => {
    const { definition, loss } = each;
    const trainer = trainerOf(each);
    using streams = new SessionStreams(definition, batchSize, loss);
    for (const window of windowsOf(each, 2, 32))
      expect(trainer.window(window, UNROLL).loss).toBe(streams.mean(window, UNROLL));
    trainer.dispose();
  });
});

describe('dropout masks', () => {
  /** Two dense layers, so that a row of one input depends on its masks alone. */
  function lossesOf(timesteps: readonly number[]): number[] {
    const runtime = trainRuntime('simd');
    const layers = [
      { type: 'dense', units: 40, activation: 'tanh' },
      { type: 'dense', units: 3 },
    ] as const;
    const definition = initialize({ inputs: [{ name: 'x', kind: 'features', size: 4 }], layers }, 7, runtime);
    return timesteps.map((t) => {
      const options = { batchSize: 1, unroll: UNROLL, loss: 'mean-squared-error', dropout: 0.5 } as const;
      const trainer = new Trainer(runtime, definition, options);
      const weights = new Float32Array(UNROLL);
      weights[t] = 1;
      const window = {
        inputs: new Float32Array(4 * UNROLL).fill(1),
        targets: new Float32Array(3 * UNROLL),
        weights,
      };
      return trainer.window(window, UNROLL).loss;
    });
  }

  it('are not those of the segment before: rows count from the beginning of the window', () => {
    const losses = lossesOf([0, 1, 64, 65, 128, 192]);
    expect(new Set(losses).size).toBe(losses.length);
  });
});

describe('10,000 timesteps of an LSTM of 64 units', () => {
  const TIMESTEPS = 10_000;
  const definition = randomModel({ cell: 'lstm', input: 16, hidden: 64, output: 16, depth: 1, seed: 33 });
  const each = { name: '', definition, batchSize: 1, unroll: TIMESTEPS, loss: 'cross-entropy' } as const;
  const window = randomWindow(each, TIMESTEPS, new Random(34));
  const floats = [...definition.tensors.values()].reduce((sum, { data }) => sum + data.length, 0);

  function twoUpdates(memoryBudget?: number) {
    const runtime = trainRuntime('simd');
    const options = { batchSize: 1, unroll: TIMESTEPS, loss: 'cross-entropy' } as const;
    const trainer = new Trainer(runtime, definition, { ...options, ...(memoryBudget && { memoryBudget }) });
    const losses = train(trainer, [window, window], TIMESTEPS);
    const gradients = words(trainer.gradients());
    return {
      bytes: runtime.memoryBytes,
      result: { losses, gradients, weights: words(trainer.parameters()) },
    };
  }

  it('1 MB is enough, all memory counted, for the same bits', () => {
    const without = twoUpdates();
    const within = twoUpdates(1e6);
    expect(within.result).toEqual(without.result);
    // Besides: the parameters, their gradients and two moments, panels and all; the module's own data and the staging.
    const besides = 4 * 4 * floats * 1.25 + 128 * 1024;
    expect(within.bytes).toBeLessThanOrEqual(1e6 + besides);
    expect(without.bytes).toBeGreaterThan(20e6);
  });
});

describe('a budget that is refused', () => {
  const [, each] = cases.find(([name]) => name === 'lstm 33×3, batch 3')!;
  const { definition, batchSize, loss } = each;
  const options = { batchSize, unroll: 1000, loss };
  const runtime = trainRuntime('simd');

  it('is smaller than the smallest that works, which the error says', () => {
    const memoryBudget = leastBudget(runtime, definition, options);
    const bytes = runtime.memoryBytes;
    new Trainer(runtime, definition, { ...options, memoryBudget }).dispose();
    for (const budget of [memoryBudget - 1, 0, Number.NaN]) {
      expect(() => new Trainer(runtime, definition, { ...options, memoryBudget: budget })).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message: expect.stringContaining(`at least ${memoryBudget}, got ${budget}`),
        }),
      );
    }
    expect(runtime.memoryBytes).toBeLessThanOrEqual(bytes + 2 ** 20);
  });
});

describe('a window that is refused in its third segment', () => {
  const [, each] = cases.find(([name]) => name === 'gru-after 33×3, batch 3')!;
  const refusals = [
    ['inputs', (140 * 3 + 1) * 7 + 2, 'non-finite-input', 'at index 2 at timestep 140 of stream 1'],
    ['targets', (140 * 3 + 1) * 5 + 3, 'invalid-target', 'NaN at index 3 at timestep 140 of stream 1'],
  ] as const;

  it.each(refusals)('%s: nothing has changed', (of, index, code, place) => {
    const windows = windowsOf(each, 2, 35);
    const bad = { ...windows[1]!, [of]: windows[1]![of].slice() };
    bad[of]![index] = Number.NaN;
    const memoryBudget = budgetsOf(each, 'simd')[1]!;
    const [refused, plain] = [0, 1].map(() => trainerOf(each, 'simd', { dropout: 0.3, memoryBudget }));
    for (const trainer of [refused!, plain!]) train(trainer, windows.slice(0, 1), UNROLL);
    expect(() => refused!.window(bad, UNROLL)).toThrow(expect.objectContaining({ code }));
    expect(() => refused!.window(bad, UNROLL)).toThrow(place);
    expect(words(refused!.gradients())).toEqual(words(plain!.gradients()));
    expect(train(refused!, windows, UNROLL)).toEqual(train(plain!, windows, UNROLL));
    expect(words(refused!.parameters())).toEqual(words(plain!.parameters()));
  });
});

describe('a training with a memoryBudget', () => {
  const runtime = trainRuntime('simd');
  const options = { epochs: 2, batchSize: 2, unroll: 200, dropout: 0.1, seed: 3 } as const;
  const least = leastBudget(runtime, textModel(), { batchSize: 2, unroll: 200, loss: 'cross-entropy' });

  it('gives the bits of one without, and goes on from its checkpoint', () => {
    const finish = (training: Training) => {
      while (!training.finished) training.step();
      return words(
        new Map([...training.definition().tensors].map(([name, { data }]) => [name, data as Float32Array])),
      );
    };
    const expected = finish(new Training(runtime, textModel(), PROSE, options));
    const within = new Training(runtime, textModel(), PROSE, { ...options, memoryBudget: least });
    within.step();
    const resumed = Training.resume(runtime, textModel(), PROSE, options, within.checkpoint());
    expect(finish(within)).toEqual(expected);
    expect(finish(resumed)).toEqual(expected);
  });

  it.each([0, -1, 2.5, '1 MB', least - 1])('refuses %s', (memoryBudget) => {
    const bad = { ...options, memoryBudget: memoryBudget as number };
    expect(() => new Training(runtime, textModel(), PROSE, bad)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('memoryBudget') }),
    );
  });
});
