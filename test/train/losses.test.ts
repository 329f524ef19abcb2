/** Ten updates by each optimizer, with clipping, against PyTorch in float64: losses and gradient norms one by one. */
import { describe, expect, it } from 'vitest';
import { Trainer } from '../../src/train/trainer.ts';
import { type TrainUpdates, trainCases, UPDATE_TOLERANCE } from '../golden/train.ts';
import { bits, SHARED_TENSOR, trainRuntime, unrollOf } from './cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
const cases = trainCases().filter(({ name }) => name !== SHARED_TENSOR);

function update(trainer: Trainer, updates: TrainUpdates): void {
  const { learningRate, momentum, beta1, beta2, epsilon, weightDecay = 0, clipNorm } = updates;
  const size = { learningRate, weightDecay, clipNorm };
  if (momentum !== undefined) trainer.update({ type: 'sgd', momentum, nesterov: false, ...size });
  else trainer.update({ type: 'adamw', beta1: beta1!, beta2: beta2!, epsilon: epsilon!, ...size });
}

describe.each(cases.map((golden) => [golden.name, golden] as const))('%s', (_, golden) => {
  const { definition, batchSize, loss, windows } = golden;
  const run = (build: keyof typeof runtimes, updates: TrainUpdates) => {
    const trainer = new Trainer(runtimes[build], definition, { batchSize, unroll: unrollOf(golden), loss });
    const results = updates.losses.map((_, step) => {
      const window = windows[step % windows.length]!;
      const result = trainer.window(window, window.timesteps);
      update(trainer, updates);
      return result;
    });
    const parameters = trainer.parameters();
    trainer.dispose();
    return { results, parameters };
  };

  it.each(Object.entries(golden.updates))('%s', (_, updates) => {
    const { results, parameters } = run('simd', updates);
    for (const [step, { loss, gradientNorm }] of results.entries()) {
      expect(Math.abs(loss - updates.losses[step]!), `loss ${step}`).toBeLessThanOrEqual(UPDATE_TOLERANCE);
      const error = Math.abs(gradientNorm / updates.norms[step]! - 1);
      expect(error, `norm ${step}`).toBeLessThanOrEqual(UPDATE_TOLERANCE);
    }
    const scalar = run('scalar', updates);
    expect(scalar.results).toEqual(results);
    for (const [name, values] of parameters)
      expect(bits(scalar.parameters.get(name)!), name).toEqual(bits(values));
  });
});
