import { describe, expect, it } from 'vitest';
import { readOptimizer } from '../../src/train/optimizers/table.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { BUILDS } from '../runtime.ts';
import { trainRuntime } from './cases.ts';

const UPDATES = 10_000;
const TIMESTEPS = 4;
const OPTIONS = { batchSize: 2, unroll: TIMESTEPS, loss: 'cross-entropy' } as const;
const STEP = { learningRate: 1e-3, clipNorm: 1 };
const ADAM = { ...STEP, ...readOptimizer('adam') };
const SGD = { ...STEP, ...readOptimizer('sgd') };

const MODEL = randomModel({ cell: 'lstm', input: 3, hidden: 5, output: 4, depth: 1, seed: 1 });

function randomWindow(random: Random) {
  const rows = TIMESTEPS * OPTIONS.batchSize;
  return { inputs: random.gaussians(rows * 3), targets: random.integers(rows, 0, 4) };
}

describe.each(BUILDS)('linear memory, %s build', (build) => {
  it(`is the same after ${UPDATES} updates`, () => {
    const runtime = trainRuntime(build);
    const trainer = new Trainer(runtime, MODEL, OPTIONS);
    const bytes = runtime.memoryBytes;
    const random = new Random(2);
    for (let i = 0; i < UPDATES; i++) {
      trainer.window(randomWindow(random), TIMESTEPS);
      trainer.update(i % 2 === 0 ? ADAM : SGD);
      if (i % 1000 === 0) trainer.restore(trainer.save());
    }
    expect(runtime.memoryBytes).toBe(bytes);
  });

  it('is the same after many trainers, one after the other', () => {
    const runtime = trainRuntime(build);
    const train = () => {
      const trainer = new Trainer(runtime, MODEL, OPTIONS);
      trainer.window(randomWindow(new Random(3)), TIMESTEPS);
      trainer.update(ADAM);
      trainer.evaluate(
        new Random(4).gaussians(3 * TIMESTEPS),
        new Random(5).integers(TIMESTEPS, 0, 4),
        TIMESTEPS,
      );
      trainer.definition();
      trainer.dispose();
    };
    train();
    const bytes = runtime.memoryBytes;
    for (let i = 0; i < 1000; i++) train();
    expect(runtime.memoryBytes).toBe(bytes);
  });

  it('is more where trainers are kept: growth would be seen', () => {
    const runtime = trainRuntime(build);
    const bytes = runtime.memoryBytes;
    for (let i = 0; i < 200; i++) new Trainer(runtime, MODEL, OPTIONS);
    expect(runtime.memoryBytes).toBeGreaterThan(bytes);
  });
});
