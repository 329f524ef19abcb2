/** What a loss refuses: options, models and targets that do not fit; then nothing has changed. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import type { TrainingData } from '../../src/train/dataset.ts';
import { readLoss } from '../../src/train/losses/table.ts';
import type { TrainingOptions } from '../../src/train/options.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { Training } from '../../src/train/training.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { trainRuntime } from '../train/cases.ts';
import { words } from '../train/drive.ts';
import { bumps, smallModel, stream } from './tasks.ts';

const runtime = trainRuntime('simd');
const model = smallModel(4);

describe('options', () => {
  const cases: readonly [string, unknown, RegExp][] = [
    ['a loss that is none', 'l2', /loss must be one of cross-entropy, .*ctc, got "l2"/],
    ['no type', { delta: 1 }, /loss: field "type" must be one of cross-entropy, .*, got nothing/],
    [
      'an option of another loss',
      { type: 'huber', blank: 1 },
      /loss: unknown field "blank"; known are type, delta/,
    ],
    [
      'smoothing of everything',
      { type: 'cross-entropy', labelSmoothing: 1 },
      /labelSmoothing must be a number of at least 0 and below 1, got 1/,
    ],
    [
      'a class below 0',
      { type: 'cross-entropy', ignore: -100 },
      /ignore must be a class, an integer from 0 to 4294967295, got -100/,
    ],
    [
      'weights of nothing',
      { type: 'cross-entropy', weights: [0, 0, 0, 0] },
      /weights must be an array of numbers of at least 0, one for each class, of which one is above 0/,
    ],
    ['a weight below 0', { type: 'cross-entropy', weights: [1, -1, 1, 1] }, /weights must be an array/],
    [
      'a weight that is NaN',
      { type: 'binary-cross-entropy', positiveWeight: Number.NaN },
      /positiveWeight must be a number above 0, or an array .* got NaN/,
    ],
    ['a delta of 0', { type: 'huber', delta: 0 }, /delta must be a number above 0 and at most 1e18, got 0/],
    [
      'a blank that is none',
      { type: 'ctc', blank: 0.5 },
      /blank must be a class, an integer of at least 0, got 0.5/,
    ],
  ];
  it.each(cases)('%s', (_, loss, message) => {
    expect(() => readLoss(loss)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    );
  });

  it('null stands for none, as in resolved options', () => {
    const resolved = readLoss('cross-entropy');
    expect(resolved).toEqual({ type: 'cross-entropy', labelSmoothing: 0, ignore: null, weights: null });
    expect(readLoss(resolved)).toEqual(resolved);
  });
});

interface Refused {
  readonly definition?: ModelDefinition;
  readonly data: TrainingData;
  readonly options: TrainingOptions;
  readonly code: string;
  readonly message: RegExp;
}

const classes = (...targets: number[]): TrainingData => ({
  inputs: new Float32Array(2 * targets.length),
  targets: Uint32Array.from(targets),
});
const values = (...targets: number[]): TrainingData => ({
  inputs: new Float32Array(targets.length / 2),
  targets: Float32Array.from(targets),
});
const labels = (timesteps: number, ...targets: number[]): TrainingData => [
  { inputs: new Float32Array(2 * timesteps), targets: Uint32Array.from(targets) },
];

describe('a training', () => {
  const cases: Readonly<Record<string, Refused>> = {
    'weights of another number of classes': {
      data: classes(0, 1),
      options: { loss: { type: 'cross-entropy', weights: [1, 2, 3] } },
      code: 'invalid-argument',
      message: /loss: weights must be 4 numbers, one for each class of the model, got 3/,
    },
    'a blank beyond the classes': {
      data: labels(4, 1),
      options: { loss: { type: 'ctc', blank: 4 } },
      code: 'invalid-argument',
      message: /loss: blank must be a class from 0 to 3, which the output has, got 4/,
    },
    'a softmax below CTC': {
      definition: smallModel(4, 'softmax'),
      data: labels(4, 1),
      options: { loss: 'ctc' },
      code: 'invalid-argument',
      message: /"ctc" takes logits, and output ".*" is a softmax already: take the softmax off/,
    },
    'a sigmoid below binary cross-entropy': {
      definition: smallModel(4, 'sigmoid'),
      data: values(0, 1, 0, 1),
      options: { loss: 'binary-cross-entropy' },
      code: 'invalid-argument',
      message: /is a sigmoid already: take the sigmoid off/,
    },
    'targets of another kind': {
      data: classes(0, 1),
      options: { loss: 'mean-absolute-error' },
      code: 'invalid-argument',
      message:
        /loss "mean-absolute-error" takes targets in a Float32Array of values, got Uint32Array of length 2/,
    },
    'a class that is none, beside the ignored one': {
      data: classes(0, 255, 4),
      options: { loss: { type: 'cross-entropy', ignore: 255 } },
      code: 'invalid-target',
      message: /data: targets: expected a class in 0 … 3 or the ignored 255, got 4 at timestep 2/,
    },
    'nothing that counts': {
      data: classes(2, 2, 2),
      options: { loss: { type: 'cross-entropy', ignore: 2 } },
      code: 'empty-data',
      message: /data: no target counts, since the loss ignores each/,
    },
    'nothing that counts among the validation data': {
      data: classes(0, 1),
      options: { loss: { type: 'cross-entropy', weights: [1, 1, 0, 0] }, validation: classes(2, 3) },
      code: 'empty-data',
      message: /validation: no target counts/,
    },
    'a target that is no probability': {
      data: values(0, 1, 0.5, 0, 0, 1, 1.5, 0),
      options: { loss: 'binary-cross-entropy' },
      code: 'invalid-target',
      message: /every value must be from 0 to 1, got 1.5 at index 2 of timestep 1/,
    },
    'NaN among targets': {
      data: values(0, 1, 0, 0, 0, Number.NaN, 0, 0),
      options: { loss: 'huber' },
      code: 'invalid-target',
      message: /every value must be finite, got NaN at index 1 of timestep 1/,
    },
    'no data': { data: [], options: { loss: 'ctc' }, code: 'empty-data', message: /at least one sequence/ },
    'no timesteps': {
      data: labels(0),
      options: { loss: 'ctc' },
      code: 'empty-data',
      message: /at least one timestep/,
    },
    'a label that is the blank': {
      data: labels(5, 1, 0, 2),
      options: { loss: 'ctc' },
      code: 'invalid-target',
      message: /sequence 0: targets: expected labels in 0 … 3 other than the blank, 0, got 0 at index 1/,
    },
    'more labels than timesteps': {
      data: labels(2, 1, 2, 3),
      options: { loss: 'ctc' },
      code: 'invalid-target',
      message: /sequence 0: targets: 3 labels need at least 3 timesteps and there are 2: give a longer input/,
    },
    'repeats that need a blank each': {
      data: labels(5, 1, 1, 2, 2),
      options: { loss: 'ctc' },
      code: 'invalid-target',
      message:
        /4 labels need at least 6 timesteps, one each and a blank before each of 2 that repeat the one before, and there are 5/,
    },
    'an unroll that cuts a sequence': {
      data: labels(12, 1),
      options: { loss: 'ctc', unroll: 8 },
      code: 'invalid-argument',
      message:
        /unroll 8 is shorter than the longest sequence, and loss "ctc" takes whole sequences: use unroll 12/,
    },
  };

  it.each(Object.entries(cases))('%s', (_, { definition = model, data, options, code, message }) => {
    const act = () => new Training(runtime, definition, data, options);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('exactly enough timesteps are enough', () => {
    new Training(runtime, model, labels(6, 1, 1, 2, 2), { loss: 'ctc' }).dispose();
  });

  it('a memory budget needs windows that can be cut', () => {
    const act = () =>
      new Trainer(runtime, model, { batchSize: 1, unroll: 200, loss: 'ctc', memoryBudget: 1e6 });
    expect(act).toThrow(expect.objectContaining({ code: 'not-supported' }));
    expect(act).toThrow(/memoryBudget: loss "ctc" compares whole sequences with their labels/);
  });
});

describe('a window', () => {
  const inputs = new Float32Array(2 * 2 * 5).map((_, i) => (i % 3) - 1);
  const good: WindowInput = {
    inputs,
    targets: Uint32Array.of(1, 1, 3),
    targetLengths: [2, 1],
    lengths: [5, 2],
  };
  const cases: readonly [string, WindowInput, string, RegExp][] = [
    [
      'the number of labels is missing',
      { inputs, targets: good.targets },
      'invalid-argument',
      /targetLengths is missing/,
    ],
    [
      'of another batch',
      { ...good, targetLengths: [2] },
      'wrong-length',
      /targetLengths: expected one for each of 2 streams, got 1/,
    ],
    [
      'fewer labels than they say',
      { ...good, targets: Uint32Array.of(1, 1) },
      'wrong-length',
      /targets: expected 3 values, got 2/,
    ],
    [
      'a class that is none',
      { ...good, targets: Uint32Array.of(1, 2, 4) },
      'invalid-target',
      /targets of stream 1: expected labels in 0 … 3 other than the blank, 0, got 4 at index 0/,
    ],
    [
      'a stream too short',
      { ...good, lengths: [2, 2] },
      'invalid-target',
      /targets of stream 0: 2 labels need at least 3 timesteps/,
    ],
    [
      'weights of timesteps',
      { ...good, weights: Float32Array.of(1) },
      'wrong-length',
      /weights: expected 2 values, got 1/,
    ],
    [
      'an input that is not finite',
      { ...good, inputs: inputs.map((value, i) => (i === 6 ? Infinity : value)) },
      'non-finite-input',
      /got Infinity at index 0 at timestep 1 of stream 1/,
    ],
  ];
  const options = { batchSize: 2, unroll: 5, loss: 'ctc' } as const;

  it.each(cases)('%s: nothing has changed', (_, window, code, message) => {
    const [refused, plain] = [new Trainer(runtime, model, options), new Trainer(runtime, model, options)];
    refused.window(good, 5);
    plain.window(good, 5);
    const act = () => refused.window(window, 5);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
    expect(words(refused.gradients())).toEqual(words(plain.gradients()));
    expect(refused.window(good, 5)).toEqual(plain.window(good, 5));
    refused.dispose();
    plain.dispose();
  });

  it.each([
    [
      'binary-cross-entropy',
      1.5,
      /every value must be from 0 to 1, got 1.5 at index 3 at timestep 1 of stream 0/,
    ],
    [
      'mean-absolute-error',
      Number.NaN,
      /every value must be finite, got NaN at index 3 at timestep 1 of stream 0/,
    ],
  ] as const)('%s of %d', (loss, value, message) => {
    const trainer = new Trainer(runtime, model, { batchSize: 1, unroll: 5, loss });
    const { inputs: rows, targets } = stream(5, 4, 'values') as {
      inputs: Float32Array;
      targets: Float32Array;
    };
    const before = trainer.window({ inputs: rows, targets }, 5);
    const gradients = words(trainer.gradients());
    const bad = targets.map((target, i) => (i === 7 ? value : target));
    expect(() => trainer.window({ inputs: rows, targets: bad }, 5)).toThrow(
      expect.objectContaining({ code: 'invalid-target', message: expect.stringMatching(message) }),
    );
    expect(() => trainer.evaluate(rows, bad, 5)).toThrow(message);
    expect(words(trainer.gradients())).toEqual(gradients);
    expect(before.weight).toBe(5);
    trainer.dispose();
  });
});

it('a target far into an evaluation is named where it is', () => {
  const { inputs, targets } = stream(100, 4, 'classes') as { inputs: Float32Array; targets: Uint32Array };
  const trainer = new Trainer(runtime, model, { batchSize: 1, unroll: 5, loss: 'cross-entropy' });
  targets[80] = 4;
  expect(() => trainer.evaluate(inputs, targets, 100)).toThrow(
    expect.objectContaining({
      code: 'invalid-target',
      message: expect.stringMatching(/expected a class in 0 … 3, got 4 at timestep 80 of stream 0/),
    }),
  );
  trainer.dispose();
});

it('a disposed training by CTC leaves the memory as it was', () => {
  const make = () => {
    const training = new Training(runtime, model, bumps(20), { loss: 'ctc', epochs: 2, validation: 0.2 });
    while (!training.finished) training.step();
    training.validate();
    training.dispose();
  };
  make();
  const before = runtime.memoryBytes;
  for (let i = 0; i < 20; i++) make();
  expect(runtime.memoryBytes).toBe(before);
});
