/** What the validation loss decides in a training: when it ends, with which weights, and how fast it learns. */
import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import type { TrainingOptions } from '../../src/train/options.ts';
import { type StepReport, Training } from '../../src/train/training.ts';
import { refusal } from '../formats/refusals.ts';
import { trainRuntime } from './cases.ts';
import { PROSE, textModel } from './tasks.ts';

const runtime = trainRuntime('simd');
// Words that the training text does not hold: the longer it trains, the less it expects them.
const validation = 'the brush and the trees, '.repeat(3);
const options: TrainingOptions = { epochs: 60, batchSize: 4, unroll: 8, learningRate: 0.01, validation };
const PATIENCE = 4;
const stopping: TrainingOptions = { ...options, earlyStopping: { patience: PATIENCE } };

const start = (more: TrainingOptions) => new Training(runtime, textModel(), PROSE, more);

function finish(training: Training): StepReport[] {
  const steps: StepReport[] = [];
  while (!training.finished) steps.push(training.step());
  return steps;
}

function weightsOf(training: Training): string {
  using model = new Model(runtime, training.definition());
  return model.fingerprint.weights;
}

/** The validation losses, one an epoch. */
function validations(steps: readonly StepReport[]): number[] {
  return steps.flatMap(({ validation }) => (validation === undefined ? [] : [validation]));
}

describe('early stopping', () => {
  it('ends a training after its patience, with the weights of the best epoch', () => {
    using training = start(stopping);
    const losses = validations(finish(training));
    const best = losses.indexOf(Math.min(...losses));
    expect(losses.length).toBe(best + 1 + PATIENCE);
    expect(losses.length).toBeLessThan(60);
    expect([training.stoppedEarly, training.epoch]).toEqual([true, losses.length]);
    expect(training.validate()).toBe(losses[best]);
    expect(refusal(() => training.step()).message).toMatch(/has stopped early, after \d+ of its \d+ updates/);

    using plain = start(options);
    while (plain.epoch < best + 1) plain.step();
    expect(weightsOf(training)).toBe(weightsOf(plain));
  });

  it('leaves the last weights where told to', () => {
    using training = start({ ...stopping, keep: 'last' });
    const losses = validations(finish(training));
    expect(training.validate()).toBe(losses.at(-1));
    expect(losses.at(-1)).toBeGreaterThan(Math.min(...losses));
  });

  it('does not end one that gets better', () => {
    using training = start({ ...stopping, epochs: 8, validation: PROSE.slice(0, 90) });
    finish(training);
    expect([training.stoppedEarly, training.epoch]).toEqual([false, 8]);
  });

  it('is a matter of fineTune too', async () => {
    using model = new Model(runtime, textModel());
    const { model: tuned, history } = await fineTune(model, PROSE, stopping);
    const losses = history.map((epoch) => epoch.validation!);
    expect(losses.length).toBeLessThan(60);
    expect(evaluateText(tuned.createSession(), validation).loss).toBe(Math.min(...losses));
    using training = start(stopping);
    expect(validations(finish(training))).toEqual(losses);
  });
});

describe('a checkpoint holds what the validation losses have decided', () => {
  const variants: readonly [string, TrainingOptions][] = [
    ['early stopping', stopping],
    ['the best weights', { ...options, epochs: 30, keep: 'best' }],
    ['a plateau', { ...options, epochs: 30, schedule: { type: 'plateau', patience: 2, factor: 0.5 } }],
  ];

  it.each(variants)('%s: interrupted anywhere, and resumed, gives the same bits', (_, options) => {
    using whole = start(options);
    const steps = finish(whole);
    const expected = weightsOf(whole);
    const { updatesPerEpoch, update: last } = whole;
    const losses = validations(steps);
    const best = (losses.indexOf(Math.min(...losses)) + 1) * updatesPerEpoch;
    for (const at of [3, updatesPerEpoch, best - 1, best, best + 1, last - 1, last]) {
      using first = start(options);
      while (first.update < at) first.step();
      using second = Training.resume(runtime, textModel(), PROSE, options, first.checkpoint());
      expect(second.finished).toBe(at === last);
      expect(finish(second)).toEqual(steps.slice(at));
      expect(weightsOf(second)).toBe(expected);
    }
  });

  it('the rate falls at a plateau and stays at its least', () => {
    const schedule = { type: 'plateau', patience: 1, factor: 0.5, min: 0.002 } as const;
    using training = start({ ...options, schedule });
    const steps = finish(training);
    const losses = validations(steps);
    let rate = 0.01;
    let best = Infinity;
    for (const [epoch, loss] of losses.entries()) {
      const rates = new Set(
        steps.filter((step) => step.epoch === epoch + 1).map((step) => step.learningRate),
      );
      expect([...rates]).toEqual([rate]);
      if (loss < best) best = loss;
      else rate = Math.max(rate / 2, 0.002);
    }
    expect(rate).toBe(0.002);
  });

  it('another way to decide is another training', () => {
    using training = start(stopping);
    training.step();
    const checkpoint = training.checkpoint();
    for (const [other, words] of [
      [options, /earlyStopping \{"patience":4,"minDelta":0\}, and now earlyStopping is null/],
      [{ ...stopping, keep: 'last' }, /keep "best", and now keep is "last"/],
      [{ ...stopping, clipValue: 1 }, /clipValue "Infinity", and now clipValue is 1/],
    ] as const) {
      const error = refusal(() => Training.resume(runtime, textModel(), PROSE, other, checkpoint));
      expect(error.code).toBe('checkpoint-mismatch');
      expect(error.message).toMatch(words);
    }
  });
});
