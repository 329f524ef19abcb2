/** Losses beyond a training: a learner and the flow of gradients take those that every timestep has. */
import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import { gradientFlow } from '../../src/train/gradient-flow.ts';
import { createLearner } from '../../src/train/learner.ts';
import { type LossName, type LossOptions, lossDefinition } from '../../src/train/losses/table.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { lossOptions } from '../golden/losses.ts';
import { trainRuntime } from '../train/cases.ts';
import { bumps, smallModel, stream } from './tasks.ts';

const runtime = trainRuntime('simd');
const [OUTPUTS, TIMESTEPS] = [6, 40];

const cases = Object.entries(lossOptions())
  .filter(([type]) => lossDefinition(type as LossName).targets !== 'labels')
  .flatMap(([type, variants]) =>
    variants.map((options) => {
      const loss = { type: type as LossName, ...options } as LossOptions;
      return [JSON.stringify(loss), loss] as const;
    }),
  );

describe.each(cases)('%s', (_, loss) => {
  const { targets: kind } = lossDefinition(loss.type);
  const { inputs, targets } = stream(TIMESTEPS, OUTPUTS, kind as 'classes' | 'values') as {
    inputs: Float32Array;
    targets: Uint32Array | Float32Array;
  };
  const targetAt = (t: number) =>
    kind === 'classes' ? targets[t]! : (targets as Float32Array).slice(t * OUTPUTS, (t + 1) * OUTPUTS);

  it('a learner has the losses of an evaluation before it learns, and learns', () => {
    using model = new Model(runtime, smallModel(OUTPUTS));
    using learner = createLearner(model, { loss, window: TIMESTEPS, learningRate: 0.01 });
    const trainer = new Trainer(runtime, model.definition, { batchSize: 1, unroll: TIMESTEPS, loss });
    for (let t = 0; t < TIMESTEPS; t++) {
      learner.step(inputs.subarray(2 * t, 2 * t + 2));
      const found = learner.observe(targetAt(t));
      const upTo = (end: number) =>
        trainer.evaluate(inputs, targets.subarray(0, (end * targets.length) / TIMESTEPS), end);
      const [before, after] = [t > 0 ? upTo(t) : { sum: 0, weight: 0 }, upTo(t + 1)];
      const weight = after.weight - before.weight;
      expect(found).toBeCloseTo(weight > 0 ? (after.sum - before.sum) / weight : 0, 5);
    }
    expect(learner.updates).toBe(1);
    expect(learner.gradientNorm).toBeGreaterThan(0);
    trainer.dispose();
  });

  it('its gradient flows back', async () => {
    const { states } = await gradientFlow(
      smallModel(OUTPUTS),
      { inputs, targets },
      { loss, at: 'all', runtime },
    );
    for (const { norms } of states) {
      expect(norms.every(Number.isFinite)).toBe(true);
      expect(norms[0]).toBeGreaterThan(0);
    }
  });
});

it('a learner refuses CTC', () => {
  using model = new Model(runtime, smallModel(OUTPUTS));
  expect(() => createLearner(model, { loss: 'ctc' })).toThrow(
    expect.objectContaining({
      code: 'not-supported',
      message: expect.stringMatching(/loss "ctc" is of whole sequences, and a learner sees one timestep/),
    }),
  );
});

it('so does the flow of gradients', async () => {
  await expect(gradientFlow(smallModel(OUTPUTS), bumps(2), { loss: 'ctc', runtime })).rejects.toThrow(
    expect.objectContaining({ code: 'not-supported' }),
  );
});

it('a learner names the target that a loss refuses', () => {
  using model = new Model(runtime, smallModel(OUTPUTS));
  using learner = createLearner(model, { loss: 'binary-cross-entropy' });
  learner.step(Float32Array.of(0, 1));
  const act = () => learner.observe(Float32Array.of(0, 1, 0, 2, 0, 0));
  expect(act).toThrow(/target: every value must be from 0 to 1, got 2 at index 3/);
  expect(learner.observe(new Float32Array(OUTPUTS))).toBeGreaterThan(0);
});
