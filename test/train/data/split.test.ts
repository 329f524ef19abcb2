import { describe, expect, it } from 'vitest';
import { split, type TrainingData } from '../../../src/index.ts';
import { testRuntime } from '../../runtime.ts';

const series = (timesteps: number) => ({
  inputs: Float32Array.from({ length: 2 * timesteps }, (_, i) => i),
  targets: Uint32Array.from({ length: timesteps }, (_, i) => i),
  timesteps,
});

describe('split', () => {
  it('cuts a stream by its timesteps, in their order', () => {
    const [training, validation, test] = split(series(10), [0.7, 0.1, 0.2]);
    expect(training).toEqual({ ...series(7), timesteps: 7 });
    expect(validation.inputs).toEqual(Float32Array.of(14, 15));
    expect([...validation.targets, ...test.targets]).toEqual([7, 8, 9]);
    expect(test.timesteps).toBe(2);
  });

  it('takes numbers of timesteps, and leaves out what is behind them', () => {
    const parts = split(series(10), [5, 3]);
    expect(parts.map(({ timesteps }) => timesteps)).toEqual([5, 3]);
    expect([...parts[1].targets]).toEqual([5, 6, 7]);
  });

  it('cuts texts between characters, and tokens and plain arrays', () => {
    expect(split('ab🐋c', [0.6, 0.4])).toEqual(['ab🐋', 'c']);
    expect(split(Uint32Array.of(1, 2, 3, 4), [0.5, 0.5])).toEqual([
      Uint32Array.of(1, 2),
      Uint32Array.of(3, 4),
    ]);
    const plain = {
      inputs: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      targets: [1, 2, 3],
    };
    expect(split(plain, [2, 1])).toEqual([
      {
        inputs: [
          [1, 2],
          [3, 4],
        ],
        targets: [1, 2],
        timesteps: 2,
      },
      { inputs: [[5, 6]], targets: [3], timesteps: 1 },
    ]);
  });

  it('keeps sequences whole, in their order or in a random one that follows from a seed', () => {
    const list = ['ab', 'cd', 'ef', 'gh', 'ij', 'kl'];
    expect(split(list, [0.5, 0.5])).toEqual([list.slice(0, 3), list.slice(3)]);
    const shuffled = (seed: number, build?: 'scalar') =>
      split(list, [4, 2], { shuffle: { runtime: testRuntime(build), seed } });
    expect(shuffled(1).flat().sort()).toEqual(list);
    expect(shuffled(1)).not.toEqual(shuffled(2));
    expect(shuffled(1, 'scalar')).toEqual(shuffled(1));
    expect(list[0]).toBe('ab');
  });

  const flat = { inputs: new Float32Array(6), targets: new Float32Array(3) };
  const refusals: readonly [string, TrainingData, readonly number[], string, RegExp][] = [
    ['fractions of less', 'abc', [0.5, 0.4], 'invalid-argument', /add up to 1.*\[0.5, 0.4\]/],
    ['fractions of more', 'abc', [0.5, 0.6], 'invalid-argument', /add up to 1/],
    ['a fraction of 0', 'abc', [1, 0], 'invalid-argument', /above 0/],
    ['NaN', 'abc', [Number.NaN], 'invalid-argument', /NaN/],
    ['no parts', 'abc', [], 'invalid-argument', /\[\]/],
    ['an empty part', ['a', 'b'], [0.9, 0.1], 'empty-data', /2 sequences.*part 1 would be empty/],
    ['too many', series(3), [2, 2], 'empty-data', /3 timesteps.*they need 4/],
    ['flat arrays of unknown width', flat, [0.5, 0.5], 'invalid-argument', /timesteps must be given/],
    [
      'inputs that do not divide',
      { ...flat, timesteps: 4 },
      [2, 2],
      'wrong-length',
      /inputs: expected a multiple of 4/,
    ],
  ];
  it.each(refusals)('refuses %s', (_, data, parts, code, words) => {
    expect(() => split(data, parts)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) }),
    );
  });

  it('refuses to shuffle time', () => {
    const act = () => split(series(4), [0.5, 0.5], { shuffle: { runtime: testRuntime(), seed: 1 } });
    expect(act).toThrow(/timesteps of a stream keep their order/);
  });
});
