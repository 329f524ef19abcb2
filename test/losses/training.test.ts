/** A training by every loss: it learns, validates and goes on from a checkpoint, with the same bits. */
import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import type { TrainingData } from '../../src/train/dataset.ts';
import { type LossName, type LossOptions, lossDefinition, readLoss } from '../../src/train/losses/table.ts';
import type { TrainingOptions } from '../../src/train/options.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { Training } from '../../src/train/training.ts';
import { lossOptions } from '../golden/losses.ts';
import { testRuntime } from '../runtime.ts';
import { trainRuntime } from '../train/cases.ts';
import { bumps, smallModel, stream } from './tasks.ts';

const runtime = trainRuntime('simd');
const OUTPUTS = 6;

const cases = Object.entries(lossOptions()).flatMap(([type, variants]) =>
  variants.map((options) => {
    const loss = { type: type as LossName, ...options } as LossOptions;
    return [JSON.stringify(loss), loss] as const;
  }),
);

function dataFor(loss: LossOptions): TrainingData {
  const { targets } = lossDefinition(loss.type);
  return targets === 'labels' ? bumps(60) : stream(400, OUTPUTS, targets);
}

describe.each(cases)('%s', (_, loss) => {
  const data = dataFor(loss);
  const options: TrainingOptions = {
    loss,
    epochs: 6,
    batchSize: 4,
    learningRate: 0.01,
    validation: 0.25,
    seed: 1,
  };

  it('learns, validates as the model so far does, and resumes to the same bits', () => {
    const definition = smallModel(OUTPUTS);
    const whole = new Training(runtime, definition, data, options);
    expect(whole.options.loss).toEqual(readLoss(loss));
    expect(JSON.parse(JSON.stringify(whole.options.loss))).toEqual(readLoss(loss));
    const before = whole.validate();
    const first = new Training(runtime, definition, data, options);
    const reports = Array.from({ length: 5 }, () => first.step());
    for (const report of reports) expect(whole.step()).toEqual(report);
    const resumed = Training.resume(runtime, definition, data, options, first.checkpoint());
    while (!whole.finished) expect(resumed.step()).toEqual(whole.step());
    expect(resumed.validate()).toBe(whole.validate());
    expect(whole.validate()).toBeLessThan(before);
    const other = new Training(runtime, whole.definition(), data, options);
    expect(other.validate()).toBe(whole.validate());
    for (const training of [whole, first, resumed, other]) training.dispose();
  });
});

it('the loss of an epoch is the mean over what counts', () => {
  const data = stream(300, 4, 'classes') as { inputs: Float32Array; targets: Uint32Array };
  const loss = { type: 'cross-entropy', ignore: 3, weights: [1, 2, 0.5, 1] } as const;
  const options = { loss, epochs: 1, batchSize: 3, unroll: 10, learningRate: 1e-9 };
  const training = new Training(runtime, smallModel(4), data, options);
  let [sum, weight, epochLoss] = [0, 0, 0];
  while (!training.finished) {
    const report = training.step();
    sum += report.loss * report.weight;
    weight += report.weight;
    epochLoss = report.epochLoss ?? 0;
  }
  const expected = data.targets.reduce((total, target) => total + [1, 2, 0.5, 0][target]!, 0);
  expect(weight).toBeCloseTo(expected, 6);
  expect(epochLoss).toBe(sum / weight);
  training.dispose();
});

it('a checkpoint of another loss, or of other options of it, is refused', () => {
  const data = stream(100, 2, 'values');
  const options = (delta: number): TrainingOptions => ({
    loss: { type: 'huber', delta },
    batchSize: 2,
    unroll: 10,
  });
  const training = new Training(runtime, smallModel(2), data, options(1));
  const checkpoint = training.checkpoint();
  const resume = () => Training.resume(runtime, smallModel(2), data, options(2), checkpoint);
  expect(resume).toThrow(expect.objectContaining({ code: 'checkpoint-mismatch' }));
  expect(resume).toThrow(
    /made with loss \{"type":"huber","delta":1\}, and now loss is \{"type":"huber","delta":2\}/,
  );
  training.dispose();
});

it('labels of a sequence: CTC finds them without being told when they are', () => {
  const data = bumps(200);
  const options = { loss: 'ctc', epochs: 25, batchSize: 8, learningRate: 0.01, seed: 3 } as const;
  const training = new Training(runtime, smallModel(4), data, options);
  while (!training.finished) training.step();
  using model = new Model(testRuntime(), training.definition());
  const found = bumps(40, 9).map(({ inputs, targets }) => {
    using session = model.createSession();
    const output = session.run(inputs);
    const best = Array.from({ length: inputs.length / 2 }, (_, t) => {
      const row = output.slice(4 * t, 4 * t + 4);
      return row.indexOf(Math.max(...row));
    });
    const labels = best.filter((label, t) => label !== 0 && label !== best[t - 1]);
    return `${labels}` === `${targets}`;
  });
  expect(found.filter(Boolean).length).toBeGreaterThan(34);
  training.dispose();
});

it('a window of sequences has the loss of each alone', () => {
  const sequences = bumps(5);
  const definition = smallModel(4);
  const unroll = Math.max(...sequences.map(({ inputs }) => inputs.length / 2));
  const trainer = new Trainer(runtime, definition, { batchSize: 1, unroll, loss: 'ctc' });
  const sums = sequences.map(
    ({ inputs, targets }) => trainer.evaluate(inputs, targets, inputs.length / 2).sum,
  );
  const options = { loss: 'ctc', epochs: 1, batchSize: 5 } as const;
  const training = new Training(runtime, definition, sequences, options);
  const { loss, weight } = training.step();
  expect(weight).toBe(5);
  expect(loss).toBeCloseTo(sums.reduce((sum, value) => sum + value, 0) / 5, 12);
  trainer.dispose();
  training.dispose();
});
