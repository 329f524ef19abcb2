/** The gradients of the trainer, of every tensor of every golden case, against PyTorch in float64. */
import { describe, expect, it } from 'vitest';
import { Trainer } from '../../src/train/trainer.ts';
import { GRADIENT_TOLERANCE, type TrainCase, trainCases } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { bits, normOf, parameterGradients, SHARED_TENSOR, trainRuntime, unrollOf } from './cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

interface Found {
  readonly losses: number[];
  /** Of the last window. */
  readonly norm: number;
  readonly gradients: Map<string, Float32Array>;
}

function run(build: keyof typeof runtimes, golden: TrainCase): Found {
  const { definition, batchSize, loss, windows } = golden;
  const trainer = new Trainer(runtimes[build], definition, { batchSize, unroll: unrollOf(golden), loss });
  const results = windows.map((window) => trainer.window(window, window.timesteps));
  const found = {
    losses: results.map((result) => result.loss),
    norm: results.at(-1)!.gradientNorm,
    gradients: trainer.gradients(),
  };
  trainer.dispose();
  return found;
}

const cases = trainCases();

describe.each(
  cases.filter(({ name }) => name !== SHARED_TENSOR).map((golden) => [golden.name, golden] as const),
)('%s', (_, golden) => {
  const { definition, windows } = golden;
  const expected = parameterGradients(definition, golden.gradients);
  const found = run('simd', golden);

  it('has the gradients of PyTorch', () => {
    expect([...found.gradients.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, gradient] of expected) {
      const error = relativeError(found.gradients.get(name)!, gradient);
      expect(error, name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    }
    expect(Math.abs(found.norm / normOf(expected) - 1)).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  });

  it('has the loss of PyTorch in each window', () => {
    for (const [i, { loss }] of windows.entries())
      expect(Math.abs(found.losses[i]! - loss)).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  });

  it('has the same bits on the scalar build', () => {
    const scalar = run('scalar', golden);
    expect([scalar.losses, scalar.norm]).toEqual([found.losses, found.norm]);
    for (const [name, gradient] of found.gradients)
      expect(bits(scalar.gradients.get(name)!), name).toEqual(bits(gradient));
  });
});

describe(SHARED_TENSOR, () => {
  it('is refused: the trainer would train two copies apart', () => {
    const { definition, batchSize, loss } = cases.find(({ name }) => name === SHARED_TENSOR)!;
    const train = () => new Trainer(runtimes.simd, definition, { batchSize, unroll: 7, loss });
    expect(train).toThrow(expect.objectContaining({ code: 'not-supported' }));
    expect(train).toThrow('embedding.weight');
  });
});
