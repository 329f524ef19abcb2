/** The gradients of convolution and pooling, of a batch over two windows, against the f64 reference. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { Random } from '../reference/random.ts';
import { frameCases } from '../session/frame-cases.ts';
import { bits, trainRuntime } from './cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
const [BATCH, TIMESTEPS] = [3, 7];
/** Over a tensor's largest gradient: sums of float32. */
const TOLERANCE = 1e-5;
const options = { batchSize: BATCH, loss: 'mean-squared-error' as const };

function windowsOf(definition: ModelDefinition) {
  const random = new Random(9);
  const rows = BATCH * TIMESTEPS;
  const { inputs, outputs } = definition.graph;
  const size = inferShapes(definition).sizes.get(outputs[0]!.from)!;
  return Array.from({ length: 2 }, () => ({
    inputs: random.gaussians(rows * inputs[0]!.size),
    targets: random.gaussians(rows * size),
  }));
}

function train(build: keyof typeof runtimes, definition: ModelDefinition) {
  const trainer = new Trainer(runtimes[build], definition, { ...options, unroll: TIMESTEPS });
  const results = windowsOf(definition).map((window) => {
    const { loss } = trainer.window(window, TIMESTEPS);
    return { loss, gradients: trainer.gradients() };
  });
  trainer.dispose();
  return results;
}

describe.each(frameCases().map((each) => [each.name, each.definition] as const))('%s', (_, definition) => {
  const found = train('simd', definition);

  it('has the gradients of the reference', () => {
    const reference = new ReferenceTrainer(definition, options);
    for (const [i, window] of windowsOf(definition).entries()) {
      const loss = reference.window(window, TIMESTEPS);
      expect(Math.abs(found[i]!.loss / loss - 1)).toBeLessThan(TOLERANCE);
      for (const [name, gradient] of reference.gradients) {
        expect(relativeError(found[i]!.gradients.get(name)!, gradient), `${name}, window ${i}`).toBeLessThan(
          TOLERANCE,
        );
      }
    }
  });

  it('has the same bits on the scalar build', () => {
    for (const [i, { loss, gradients }] of train('scalar', definition).entries()) {
      expect(loss).toBe(found[i]!.loss);
      for (const [name, gradient] of gradients) {
        expect(bits(gradient), name).toEqual(bits(found[i]!.gradients.get(name)!));
      }
    }
  });
});
