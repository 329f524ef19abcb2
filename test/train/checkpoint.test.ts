import { describe, expect, it } from 'vitest';
import { parseSafetensors, serializeSafetensors } from '../../src/formats/safetensors.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import type { TrainingData } from '../../src/train/dataset.ts';
import type { TrainingOptions } from '../../src/train/options.ts';
import { Training } from '../../src/train/training.ts';
import { refusal } from '../formats/refusals.ts';
import { Random } from '../reference/random.ts';
import { trainRuntime } from './cases.ts';
import { PROSE, sineData, sineModel, textModel } from './tasks.ts';

const runtime = trainRuntime('simd');

interface Run {
  readonly definition: ModelDefinition;
  readonly data: TrainingData;
  readonly options: TrainingOptions;
}

const text: Run = {
  definition: textModel(),
  data: PROSE,
  options: {
    epochs: 4,
    batchSize: 4,
    unroll: 8,
    learningRate: 0.01,
    seed: 3,
    dropout: 0.2,
    schedule: 'cosine',
  },
};
const cases: readonly [string, Run][] = [
  ['text, adam, dropout', text],
  [
    'text, sgd, windows apart',
    {
      ...text,
      definition: textModel('gru'),
      options: {
        ...text.options,
        optimizer: { type: 'sgd', momentum: 0.8, weightDecay: 0.01 },
        carryState: false,
        clipNorm: Infinity,
      },
    },
  ],
  [
    'sequences of values, adamw, warm-up',
    {
      definition: sineModel(),
      data: sineData(),
      options: {
        epochs: 4,
        batchSize: 5,
        unroll: 9,
        optimizer: { type: 'adamw', weightDecay: 0.01 },
        warmup: 10,
        validation: 0.2,
      },
    },
  ],
  ['the head alone', { ...text, options: { ...text.options, trainable: ['head'] } }],
];

/** The losses from here to the end, the loss of every epoch, and the weights at the end. */
function finish(training: Training) {
  const losses: number[] = [];
  const epochs: number[] = [];
  while (!training.finished) {
    const { loss, epochLoss } = training.step();
    losses.push(loss);
    if (epochLoss !== undefined) epochs.push(epochLoss);
  }
  using model = new Model(training.runtime, training.definition());
  return { losses, epochs, weights: model.fingerprint.weights };
}

/** toEqual takes 100 ms for 100 KB. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

describe('interrupted and resumed equals uninterrupted, to the bit', () => {
  it.each(cases)('%s', (_, { definition, data, options }) => {
    using whole = new Training(runtime, definition, data, options);
    const expected = finish(whole);
    const random = new Random(7);
    for (let trial = 0; trial < 10; trial++) {
      const at = random.integer(0, whole.updates + 1);
      const elsewhere = random.pick([runtime, trainRuntime('scalar')]);
      using first = new Training(runtime, definition, data, options);
      const losses: number[] = [];
      for (let i = 0; i < at; i++) losses.push(first.step().loss);
      const checkpoint = first.checkpoint();
      expect(same(first.checkpoint(), checkpoint)).toBe(true);
      using second = Training.resume(elsewhere, definition, data, options, checkpoint);
      expect(second.update).toBe(at);
      expect(same(second.checkpoint(), checkpoint)).toBe(true);
      const rest = finish(second);
      expect([...losses, ...rest.losses]).toEqual(expected.losses);
      expect(rest.epochs).toEqual(expected.epochs.slice(expected.epochs.length - rest.epochs.length));
      expect(rest.weights).toBe(expected.weights);
      // The interrupted one is not disturbed by having been written down.
      if (trial === 0) expect(finish(first).weights).toBe(expected.weights);
    }
  });

  it('interrupted many times, and from bytes at an odd offset', () => {
    const { definition, data, options } = text;
    using whole = new Training(runtime, definition, data, options);
    const expected = finish(whole).weights;
    let training = new Training(runtime, definition, data, options);
    for (let i = 0; i < 20; i++) {
      training.step();
      const bytes = new Uint8Array([0, 0, 0, ...training.checkpoint()]).subarray(3);
      training.dispose();
      training = Training.resume(runtime, definition, data, options, bytes);
    }
    expect(finish(training).weights).toBe(expected);
    training.dispose();
  });

  it('begins from any weights of the same model, and may validate on other data', () => {
    using first = new Training(runtime, text.definition, text.data, text.options);
    first.step();
    const checkpoint = first.checkpoint();
    const expected = finish(first).weights;
    using second = Training.resume(
      runtime,
      textModel('lstm', 99),
      text.data,
      { ...text.options, validation: 'the bridge' },
      checkpoint,
    );
    expect(finish(second).weights).toBe(expected);
  });
});

describe('refusals', () => {
  using training = new Training(runtime, text.definition, text.data, text.options);
  for (let i = 0; i < 5; i++) training.step();
  const checkpoint = training.checkpoint();
  const resume = (bytes: Uint8Array, { definition, data, options }: Run = text) =>
    refusal(() => Training.resume(runtime, definition, data, options, bytes));

  const others: readonly [string, Partial<Run>, RegExp][] = [
    ['another model', { definition: textModel('gru') }, /model of shape/],
    ['other data', { data: PROSE.replace('small', 'great') }, /other data/],
    ['less data', { data: PROSE.slice(0, -1) }, /other data/],
    ['other epochs', { options: { ...text.options, epochs: 5 } }, /epochs 4, and now epochs is 5/],
    [
      'another rate',
      { options: { ...text.options, learningRate: 0.02 } },
      /learningRate 0\.01, and now .* 0\.02/,
    ],
    ['another seed', { options: { ...text.options, seed: 4 } }, /seed 3, and now seed is 4/],
    ['no dropout', { options: { ...text.options, dropout: 0 } }, /dropout 0\.2/],
    ['another batch', { options: { ...text.options, batchSize: 2 } }, /batchSize 4, and now batchSize is 2/],
    ['another optimizer', { options: { ...text.options, optimizer: 'sgd' } }, /optimizer .*adam.*sgd/],
    ['no clipping', { options: { ...text.options, clipNorm: Infinity } }, /clipNorm 1, and now .*"Infinity"/],
    ['other tensors', { options: { ...text.options, trainable: ['head'] } }, /trainable/],
    ['a part set apart', { options: { ...text.options, validation: 0.1 } }, /validation 0, and now .* 0\.1/],
  ];
  it.each(others)('%s', (_, other, words) => {
    const error = resume(checkpoint, { ...text, ...other });
    expect(error.code).toBe('checkpoint-mismatch');
    expect(error.message).toMatch(words);
  });

  it('torn: cut anywhere', () => {
    const random = new Random(1);
    for (let trial = 0; trial < 60; trial++) {
      const cut = checkpoint.slice(0, trial < 10 ? trial : random.integer(0, checkpoint.length));
      expect(resume(cut).code).toBe('invalid-checkpoint');
    }
  });

  it('edited: any bit, but for the spaces behind the header', () => {
    const random = new Random(2);
    const json = new TextDecoder().decode(checkpoint.slice(8));
    const spaces = 8 + json.indexOf('}}') + 2;
    for (let trial = 0; trial < 200; trial++) {
      const bytes = checkpoint.slice();
      const at = random.integer(0, trial < 100 ? 2000 : bytes.length);
      if (at >= spaces && at < spaces + 8) continue;
      bytes[at]! ^= 1 << random.integer(0, 8);
      expect(resume(bytes).code).toBe('invalid-checkpoint');
    }
  });

  it('no checkpoint at all: a model file, nothing, another version', () => {
    using model = new Model(runtime, text.definition);
    expect(resume(model.toBytes()).message).toMatch(/not one that a training wrote/);
    expect(resume(new Uint8Array(0)).code).toBe('invalid-checkpoint');
    const { tensors, metadata } = parseSafetensors(checkpoint);
    const later = serializeSafetensors(tensors, { ...metadata, format: 'rivulet-training/2' });
    expect(resume(later).message).toMatch(/rivulet-training\/2.*reads "rivulet-training\/1"/);
    expect(resume('x' as never).code).toBe('invalid-argument');
  });

  it('a refusal frees what it took', () => {
    resume(checkpoint.slice(0, 100));
    const bytes = runtime.memoryBytes;
    for (let i = 0; i < 100; i++) resume(checkpoint.slice(0, 100));
    expect(runtime.memoryBytes).toBe(bytes);
  });
});
