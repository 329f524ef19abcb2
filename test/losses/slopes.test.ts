/**
 * The gradients of the float64 reference are the slopes of what it computes: of every golden case along a random direction
 * of all parameters, and entry by entry at the logits.
 */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { type LossFixture, lossFixtures } from '../golden/losses.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { Random } from '../reference/random.ts';

/** Its square times a third derivative is the truncation error, 1e-16 / STEP that of rounding. */
const STEP = 1e-5;
/** Over the largest slope, or the length of the gradient. */
const TOLERANCE = 1e-6;

/** With parameters of float64, which the type of a tensor does not have. */
function moved(
  { graph, tensors }: ModelDefinition,
  by: (name: string, n: number) => number,
): ModelDefinition {
  const shifted = [...tensors].map(([name, { shape, data }]): [string, Tensor] => {
    const values = Float64Array.from(data, (value, n) => value + by(name, n));
    return [name, { dtype: 'F32', shape, data: values as unknown as Float32Array }];
  });
  return { graph, tensors: new Map(shifted) };
}

function lossOf(fixture: LossFixture, by: (name: string, n: number) => number): number {
  const { definition, batchSize, loss, window, timesteps } = fixture;
  return new ReferenceTrainer(moved(definition, by), { batchSize, loss }).window(window, timesteps);
}

function gradientsOf({ definition, batchSize, loss, window, timesteps }: LossFixture) {
  const reference = new ReferenceTrainer(definition, { batchSize, loss });
  reference.window(window, timesteps);
  return reference.gradients;
}

const fixtures = lossFixtures().filter(({ timesteps }) => timesteps < 20);

describe('along a direction', () => {
  it.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
    const random = new Random(4);
    const gradients = gradientsOf(fixture);
    const direction = new Map([...gradients].map(([name, { length }]) => [name, random.gaussians(length)]));
    const at = (step: number) => lossOf(fixture, (name, n) => step * direction.get(name)![n]!);
    let [expected, squares] = [0, 0];
    for (const [name, gradient] of gradients) {
      gradient.forEach((value, n) => {
        expected += value * direction.get(name)![n]!;
        squares += value * value;
      });
    }
    const slope = (at(STEP) - at(-STEP)) / (2 * STEP);
    expect(Math.abs(slope - expected)).toBeLessThanOrEqual(TOLERANCE * Math.sqrt(squares));
  });
});

describe('at the logits', () => {
  const atLogits = fixtures.filter(({ model }) => model === 'logits');
  it.each(atLogits.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
    const [name, gradient] = [...gradientsOf(fixture)][0]!;
    const slopes = gradient.map((_value, n) => {
      const at = (step: number) => lossOf(fixture, (_tensor, i) => (i === n ? step : 0));
      return (at(STEP) - at(-STEP)) / (2 * STEP);
    });
    expect(relativeError(gradient, slopes), name).toBeLessThanOrEqual(TOLERANCE);
  });
});
