/** Weights of rows, refused windows, frozen tensors, and going on from a saved state. */
import { describe, expect, it } from 'vitest';
import type { Trainer } from '../../src/train/trainer.ts';
import { type TrainBitwiseCase, trainBitwiseCases } from './bitwise-cases.ts';
import { bits } from './cases.ts';
import { ADAMW, train, trainerOf, windowsOf, words } from './drive.ts';

const cases = trainBitwiseCases().map((each) => [each.name, each] as const);

describe('rows that weigh nothing', () => {
  it.each(cases.filter((_, i) => i % 5 < 2))('%s', (_, each) => {
    const [window] = windowsOf(each, 1, 13);
    const { targets } = window!;
    const rows = each.unroll * each.batchSize;
    const weights = Float32Array.from({ length: rows }, (_, row) => row % 2);
    const empty = Float32Array.from(weights, () => 0);
    // What stands in place of their targets is not looked at.
    const other = targets.map((value, i) =>
      weights[Math.floor((i * rows) / targets.length)] ? value : 2 ** 31,
    );
    const [first, second] = [trainerOf(each), trainerOf(each)];
    const result = first.window({ ...window!, weights }, each.unroll);
    expect(second.window({ ...window!, targets: other, weights }, each.unroll)).toEqual(result);
    expect(words(second.gradients())).toEqual(words(first.gradients()));
    expect(first.window({ ...window!, weights: empty }, each.unroll)).toEqual({
      loss: 0,
      weight: 0,
      gradientNorm: 0,
    });
    first.dispose();
    second.dispose();
  });
});

describe('a refused window', () => {
  const [tokens, features] = ['lstm of tokens, batch 1', 'gru-after 33×3, batch 3'].map(
    (name) => cases.find(([each]) => each === name)![1],
  ) as [TrainBitwiseCase, TrainBitwiseCase];

  /** Windows in which the number at `index` is `value`, at timestep 4 of the last stream. */
  const refusals = [
    {
      each: tokens,
      of: 'inputs',
      index: 4,
      value: 13,
      code: 'token-out-of-range',
      place: '13 at timestep 4 of stream 0',
    },
    {
      each: tokens,
      of: 'targets',
      index: 4,
      value: 13,
      code: 'invalid-target',
      place: '13 at timestep 4 of stream 0',
    },
    {
      each: features,
      of: 'inputs',
      index: 14 * 7 + 2,
      value: Number.NaN,
      code: 'non-finite-input',
      place: 'NaN at index 2 at timestep 4 of stream 2',
    },
    {
      each: features,
      of: 'targets',
      index: 14 * 5 + 3,
      value: -Infinity,
      code: 'invalid-target',
      place: '-Infinity at index 3 at timestep 4 of stream 2',
    },
  ] as const;

  it.each(
    refusals.map((refusal) => [`${refusal.code}: ${refusal.place}`, refusal] as const),
  )('%s, and nothing has changed', (_, { each, of, index, value, code, place }) => {
    const windows = windowsOf(each, 3, 14);
    const bad = { ...windows[2]!, [of]: windows[2]![of].slice() };
    bad[of]![index] = value;
    const [refused, plain] = [0, 1].map(() => trainerOf(each, 'simd', { dropout: 0.3 }));
    for (const trainer of [refused!, plain!]) train(trainer, windows.slice(0, 2), each.unroll);
    const window = () => refused!.window(bad, each.unroll);
    expect(window).toThrow(expect.objectContaining({ code }));
    expect(window).toThrow(place);
    expect(words(refused!.gradients())).toEqual(words(plain!.gradients()));
    expect(train(refused!, windows, each.unroll)).toEqual(train(plain!, windows, each.unroll));
    expect(words(refused!.parameters())).toEqual(words(plain!.parameters()));
    refused!.dispose();
    plain!.dispose();
  });
});

describe('a part of the tensors trains', () => {
  it.each(cases.filter((_, i) => i % 5 === 0))('%s', (_, each) => {
    const trainable = (name: string) => name.startsWith('head.') || name === 'rnn.bias_ih_l0';
    const [all, some] = [trainerOf(each), trainerOf(each, 'simd', { trainable })];
    const before = new Map(words(some.parameters()));
    const [window] = windowsOf(each, 1, 11);
    all.window(window!, each.unroll);
    const { gradientNorm } = some.window(window!, each.unroll);
    const gradients = all.gradients();
    let sum = 0;
    for (const [name, values] of some.gradients()) {
      if (!trainable(name)) continue;
      expect(bits(values), name).toEqual(bits(gradients.get(name)!));
      for (const value of values) sum += value * value;
    }
    expect(gradientNorm).toBeCloseTo(Math.sqrt(sum), 6);
    some.update(ADAMW);
    for (const [name, values] of words(some.parameters())) {
      if (trainable(name)) expect(values, name).not.toEqual(before.get(name));
      else expect(values, name).toEqual(before.get(name));
    }
    all.dispose();
    some.dispose();
  });
});

describe('save and restore', () => {
  it.each(cases)('%s', (_, each) => {
    const windows = windowsOf(each, 6, 12);
    const options = { dropout: 0.2, seed: 5 };
    const [whole, first, second] = [0, 1, 2].map(() => trainerOf(each, 'simd', options));
    const losses = train(whole!, windows, each.unroll);
    train(first!, windows.slice(0, 3), each.unroll);
    const state = first!.save();
    train(first!, windows.slice(3), each.unroll);
    second!.restore(state);
    expect(train(second!, windows.slice(3), each.unroll)).toEqual(losses.slice(3));
    expect(words(second!.parameters())).toEqual(words(whole!.parameters()));
    for (const trainer of [whole, first, second]) trainer!.dispose();
  });
});

describe('a call that does not fit', () => {
  const each = cases.find(([name]) => name === 'gru-after 33×3, batch 3')![1];
  const rows = each.unroll * each.batchSize;
  const [window] = windowsOf(each, 1, 17);
  const calls: readonly [string, (trainer: Trainer) => unknown, string, RegExp][] = [
    [
      'more timesteps than the unroll',
      (trainer) => trainer.window(window!, each.unroll + 1),
      'invalid-argument',
      /timesteps .* from 1 to/,
    ],
    ['no timestep', (trainer) => trainer.window(window!, 0), 'invalid-argument', /timesteps .* got 0/],
    [
      'inputs too short',
      (trainer) => trainer.window({ ...window!, inputs: window!.inputs.subarray(1) }, each.unroll),
      'wrong-length',
      /inputs: expected \d+ values, got \d+/,
    ],
    [
      'targets of another type',
      (trainer) => trainer.window({ ...window!, targets: [] as unknown as Uint32Array }, each.unroll),
      'invalid-argument',
      /targets: expected a/,
    ],
    [
      'a weight that is NaN',
      (trainer) =>
        trainer.window({ ...window!, weights: new Float32Array(rows).fill(Number.NaN) }, each.unroll),
      'invalid-argument',
      /weights: .* got NaN in row 0/,
    ],
    [
      'a row that is none',
      (trainer) => trainer.resetState(each.batchSize),
      'invalid-argument',
      /row must be/,
    ],
  ];

  it.each(calls)('%s is refused and changes nothing', (_, call, code, words_) => {
    const [trainer, untouched] = [trainerOf(each), trainerOf(each)];
    expect(() => call(trainer)).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(words_) }),
    );
    expect(trainer.window(window!, each.unroll)).toEqual(untouched.window(window!, each.unroll));
    trainer.dispose();
    untouched.dispose();
  });
});
