/** Every loss with every option over consecutive, weighted and long windows, against the float64 reference; and evaluate. */
import { describe, expect, it } from 'vitest';
import { type LossName, type LossOptions, lossDefinition } from '../../src/train/losses/table.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { Draft, features } from '../contract/variant.ts';
import { lossOptions } from '../golden/losses.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { bits, trainRuntime } from '../train/cases.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
const [BATCH, UNROLL, INPUTS, OUTPUTS] = [3, 70, 4, 6];
/** Of the streams of a window of 70 timesteps, which has two segments. */
const LENGTHS = [70, 31, 0];
const LABELS = [12, 9, 0];

const draft = new Draft(features(INPUTS), 3);
draft.cell('gru', 'cell', INPUTS, 9, { resetAfter: true });
const definition = draft.dense('head', 9, OUTPUTS).definition();

const cases = Object.entries(lossOptions()).flatMap(([type, variants]) =>
  variants.map((options) => {
    const loss = { type: type as LossName, ...options } as LossOptions;
    return [JSON.stringify(loss), loss] as const;
  }),
);

function targetsOf(loss: LossOptions, rows: number, random: Random): WindowInput['targets'] {
  switch (loss.type) {
    case 'cross-entropy': {
      const classes = random.integers(rows, 0, OUTPUTS);
      return classes.map((target, row) => (loss.ignore != null && row % 5 === 0 ? loss.ignore : target));
    }
    case 'binary-cross-entropy':
      return random.gaussians(rows * OUTPUTS).map((value) => Math.min(1, Math.max(0, value + 0.5)));
    default:
      return random.gaussians(rows * OUTPUTS);
  }
}

/** A label that is not the blank, twice every fourth time. */
function labelsOf(count: number, blank: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => (blank + 1 + (Math.floor((3 * i) / 4) % (OUTPUTS - 1))) % OUTPUTS,
  );
}

function windowOf(loss: LossOptions, random: Random): WindowInput {
  const rows = UNROLL * BATCH;
  const inputs = random.gaussians(rows * INPUTS);
  if (loss.type === 'ctc') {
    const labels = LABELS.map((count) => labelsOf(count, loss.blank ?? 0));
    const weights = Float32Array.of(0.5, 2, 1);
    return {
      inputs,
      targets: Uint32Array.from(labels.flat()),
      targetLengths: LABELS,
      lengths: LENGTHS,
      weights,
    };
  }
  const weights = Float32Array.from({ length: rows }, () => Math.max(0, random.uniform(-0.5, 1)));
  return { inputs, targets: targetsOf(loss, rows, random), lengths: LENGTHS, weights };
}

describe.each(cases)('%s', (_, loss) => {
  const options = { batchSize: BATCH, unroll: UNROLL, loss };

  it('weighted streams of different lengths, and the same bits on both builds', () => {
    const [trainer, scalar] = [
      new Trainer(runtimes.simd, definition, options),
      new Trainer(runtimes.scalar, definition, options),
    ];
    const reference = new ReferenceTrainer(definition, options);
    const random = new Random(5);
    for (let i = 0; i < 2; i++) {
      const window = windowOf(loss, random);
      const result = trainer.window(window, UNROLL);
      expect(scalar.window(window, UNROLL)).toEqual(result);
      expect(scaledError([result.loss], [reference.window(window, UNROLL)])).toBeLessThanOrEqual(
        GRADIENT_TOLERANCE,
      );
      const [found, other] = [trainer.gradients(), scalar.gradients()];
      for (const [name, gradient] of found) {
        expect(bits(other.get(name)!), `${name}: scalar = SIMD`).toEqual(bits(gradient));
        if (name === 'cell.bias_hh') continue; // see parameterGradients
        expect(relativeError(gradient, reference.gradients.get(name)!), name).toBeLessThanOrEqual(
          GRADIENT_TOLERANCE,
        );
      }
    }
    trainer.dispose();
    scalar.dispose();
  });

  it('evaluate gives the sum that a window of one stream is the mean of, in pieces too', () => {
    const one = { ...options, batchSize: 1 };
    const trainer = new Trainer(runtimes.simd, definition, one);
    const random = new Random(6);
    const inputs = random.gaussians(UNROLL * INPUTS);
    const labels = loss.type === 'ctc' ? Uint32Array.from(labelsOf(11, loss.blank ?? 0)) : undefined;
    const targets = labels ?? targetsOf(loss, UNROLL, random);
    const window = { inputs, targets, ...(labels && { targetLengths: [labels.length] }) };
    const { loss: mean, weight } = trainer.window(window, UNROLL);
    const sums = trainer.evaluate(inputs, targets, UNROLL);
    expect(sums.weight).toBe(weight);
    expect(sums.sum / sums.weight).toBe(mean);
    if (lossDefinition(loss.type).targets === 'labels') return trainer.dispose();
    const width = targets.length / UNROLL;
    const first = trainer.evaluate(inputs.subarray(0, 20 * INPUTS), targets.subarray(0, 20 * width), 20);
    const rest = [inputs.subarray(20 * INPUTS), targets.subarray(20 * width), UNROLL - 20] as const;
    expect(trainer.evaluate(...rest, first)).toEqual(sums);
    trainer.dispose();
  });
});

it('a window in which nothing weighs anything has no loss and no gradient', () => {
  const loss = { type: 'cross-entropy', ignore: 9 } as const;
  const trainer = new Trainer(runtimes.simd, definition, { batchSize: 1, unroll: 3, loss });
  const inputs = new Random(1).gaussians(3 * INPUTS);
  const window = { inputs, targets: Uint32Array.of(9, 9, 9) };
  expect(trainer.window(window, 3)).toEqual({ loss: 0, weight: 0, gradientNorm: 0 });
  expect(trainer.evaluate(inputs, window.targets, 3)).toEqual({ sum: 0, weight: 0 });
  trainer.dispose();
});
