/** Every loss with every cell and option, and at the logits: the trainer against PyTorch in float64. */
import { describe, expect, it } from 'vitest';
import { Trainer } from '../../src/train/trainer.ts';
import { type LossFixture, lossFixtures } from '../golden/losses.ts';
import { FLOAT64_TOLERANCE, GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { scaledError } from '../reference/compare.ts';
import { bits, parameterGradients, trainRuntime } from '../train/cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

function run(build: keyof typeof runtimes, { definition, batchSize, timesteps, loss, window }: LossFixture) {
  const trainer = new Trainer(runtimes[build], definition, { batchSize, unroll: timesteps, loss });
  const result = trainer.window(window, timesteps);
  const gradients = trainer.gradients();
  trainer.dispose();
  return { result, gradients };
}

describe.each(lossFixtures().map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
  it('the trainer has the loss and the gradients of PyTorch', () => {
    const { result, gradients } = run('simd', fixture);
    expect(scaledError([result.loss], [fixture.lossValue])).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    const expected = parameterGradients(fixture.definition, fixture.gradients);
    expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, gradient] of expected)
      expect(relativeError(gradients.get(name)!, gradient), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  });

  it('the same bits on the scalar build', () => {
    const [simd, scalar] = [run('simd', fixture), run('scalar', fixture)];
    expect(scalar.result).toEqual(simd.result);
    for (const [name, gradient] of simd.gradients)
      expect(bits(scalar.gradients.get(name)!), name).toEqual(bits(gradient));
  });

  it('the float64 reference has them too', () => {
    const { definition, batchSize, loss, window, timesteps } = fixture;
    const reference = new ReferenceTrainer(definition, { batchSize, loss });
    const value = reference.window(window, timesteps);
    expect(scaledError([value], [fixture.lossValue])).toBeLessThanOrEqual(FLOAT64_TOLERANCE);
    for (const [name, gradient] of fixture.gradients)
      expect(relativeError(reference.gradients.get(name)!, gradient), name).toBeLessThanOrEqual(
        FLOAT64_TOLERANCE,
      );
  });
});
