/**
 * Every variant of every type of node that can stream, in windows of several segments: a memory budget changes no bit, and
 * the gradients are those of the float64 reference, which knows of no segments.
 */
import { describe, expect, it } from 'vitest';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { leastBudget } from '../train/budget.ts';
import { bits, trainRuntime } from '../train/cases.ts';
import { isStreamable, randomRows } from './drive.ts';
import { expectedGradients } from './gradients.ts';
import { variantsOf } from './table.ts';
import type { Variant } from './variant.ts';

const BATCH = 2;
/** Three segments, the last of two timesteps. */
const TIMESTEPS = 130;
/**
 * Two segments, for the reference: float32 errs the more, the longer a window is. "two loops that overlap" is chaotic: over
 * 70 timesteps it is 4e-6 to 6e-4 off, window by window, in segments or not.
 */
const FEWER = 70;
const SEED = 6;

const runtime = trainRuntime('simd');

function goesInSegments({ definition }: Variant): boolean {
  return isStreamable(definition) && definition.graph.encoder === undefined;
}

/** One stream ends in the segment before the last, and rows weigh differently. */
function raggedWindow({ definition, loss }: Variant, timesteps: number): WindowInput {
  const random = new Random(SEED);
  const rows = timesteps * BATCH;
  const size = inferShapes(definition).sizes.get(definition.graph.outputs[0]!.from)!;
  return {
    inputs: randomRows(definition.graph.inputs[0]!, rows, random),
    targets: loss === 'cross-entropy' ? random.integers(rows, 0, size) : random.gaussians(rows * size),
    weights: Float32Array.from({ length: rows }, () => Math.max(0.25, random.uniform(-0.5, 1))),
    lengths: [timesteps, timesteps - 55],
  };
}

function checkBits({ definition, loss = 'mean-squared-error' }: Variant, window: WindowInput): void {
  const options = { batchSize: BATCH, unroll: TIMESTEPS, loss };
  const whole = new Trainer(runtime, definition, options);
  const memoryBudget = leastBudget(runtime, definition, options);
  const within = new Trainer(runtime, definition, { ...options, memoryBudget });
  expect(within.window(window, TIMESTEPS)).toEqual(whole.window(window, TIMESTEPS));
  const gradients = whole.gradients();
  for (const [name, gradient] of within.gradients())
    expect(bits(gradient), name).toEqual(bits(gradients.get(name)!));
  const [state, expected] = [within, whole].map((trainer) => trainer.save().blocks.get('state'));
  expect(bits(state as Float32Array)).toEqual(bits(expected as Float32Array));
  whole.dispose();
  within.dispose();
}

function checkGradients({ definition, loss = 'mean-squared-error' }: Variant, window: WindowInput): void {
  const options = { batchSize: BATCH, unroll: FEWER, loss };
  const trainer = new Trainer(runtime, definition, options);
  const reference = new ReferenceTrainer(definition, options);
  const losses = [trainer.window(window, FEWER).loss, reference.window(window, FEWER)] as const;
  expect(scaledError([losses[0]], [losses[1]])).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  const gradients = trainer.gradients();
  for (const [name, gradient] of expectedGradients(definition, reference.gradients))
    expect(relativeError(gradients.get(name)!, gradient), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  trainer.dispose();
}

describe.each(variantsOf(NODE_KINDS))('%s', (_type, variants) => {
  it.each(variants.map((each) => [each.name, each] as const))('%s', (_name, variant) => {
    if (goesInSegments(variant)) {
      checkBits(variant, raggedWindow(variant, TIMESTEPS));
      if (!variant.untrained) checkGradients(variant, raggedWindow(variant, FEWER));
    } else {
      const { definition, loss = 'mean-squared-error' } = variant;
      const options = { batchSize: BATCH, unroll: TIMESTEPS, loss, memoryBudget: 1e9 };
      expect(() => new Trainer(runtime, definition, options)).toThrow(
        expect.objectContaining({ code: 'not-supported', message: expect.stringMatching(/node ".+"/) }),
      );
    }
  });
});
