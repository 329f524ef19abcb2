import { describe, expect, it } from 'vitest';
import { dense, type Examples, embedding, input, sequential } from '../../../src/index.ts';
import { readDataset } from '../../../src/train/dataset.ts';
import { readLoss } from '../../../src/train/losses/table.ts';
import { readPorts } from '../../../src/train/ports.ts';
import { testRuntime } from '../../runtime.ts';

const runtime = testRuntime();
const features = readPorts(sequential([dense(2)], { input: input('x', 3), runtime }));
const tokens = readPorts(sequential([embedding(4, 2), dense(4)], { runtime }));

describe('plain arrays', () => {
  it('are values, [timesteps][size] or flat', () => {
    const expected = {
      inputs: Float32Array.of(1, 2, 3, 4, 5, 6),
      targets: Float32Array.of(1, 2, 3, 4),
      timesteps: 2,
    };
    const nested = {
      inputs: [[1, 2, 3], Float32Array.of(4, 5, 6)],
      targets: [
        [1, 2],
        [3, 4],
      ],
    };
    expect(readDataset(nested, features, undefined).sequences).toEqual([expected]);
    const flat = { inputs: [1, 2, 3, 4, 5, 6], targets: [1, 2, 3, 4] };
    expect(readDataset(flat, features, undefined).sequences).toEqual([expected]);
  });

  it('are classes for a loss of classes, and tokens for an input of tokens', () => {
    const { sequences } = readDataset({ inputs: [0, 3], targets: [1, 2] }, tokens, readLoss('cross-entropy'));
    expect(sequences).toEqual([
      { inputs: Uint32Array.of(0, 3), targets: Uint32Array.of(1, 2), timesteps: 2 },
    ]);
  });

  const any = (value: unknown) => value as never;
  const refusals: readonly [string, Examples, typeof tokens, string, RegExp][] = [
    [
      'a short row',
      { inputs: [[1, 2, 3], [4]], targets: [] },
      features,
      'wrong-length',
      /inputs: expected 3 values at timestep 1, got 1/,
    ],
    [
      'a row that is none',
      any({ inputs: [[1, 2, 3], null], targets: [] }),
      features,
      'wrong-length',
      /timestep 1, got null/,
    ],
    [
      'text',
      any({ inputs: [[1, 2, 3]], targets: [['1', 2]] }),
      features,
      'invalid-argument',
      /targets: expected numbers, got "1" at index 0 of timestep 0/,
    ],
    [
      'text in a flat array',
      any({ inputs: [1, 2, 3, 4, 'x', 6], targets: [] }),
      features,
      'invalid-argument',
      /got "x" at index 1 of timestep 1/,
    ],
    [
      'NaN',
      {
        inputs: [
          [1, 2, 3],
          [1, Number.NaN, 3],
        ],
        targets: [
          [1, 2],
          [3, 4],
        ],
      },
      features,
      'non-finite-input',
      /NaN at index 1 of timestep 1/,
    ],
    [
      'more than float32 holds',
      { inputs: [[1, 2, 3]], targets: [[1, 1e39]] },
      features,
      'invalid-target',
      /Infinity at index 1 of timestep 0/,
    ],
    [
      'half a token',
      { inputs: [0, 0.5], targets: [0, 0] },
      tokens,
      'token-out-of-range',
      /inputs: expected an integer from 0 on, got 0.5 at timestep 1/,
    ],
    [
      'a token beyond',
      { inputs: [0, 4], targets: [0, 0] },
      tokens,
      'token-out-of-range',
      /0 … 3, got 4 at timestep 1/,
    ],
    [
      'a negative class',
      { inputs: [0, 1], targets: [0, -1] },
      tokens,
      'invalid-target',
      /targets: expected an integer from 0 on, got -1 at timestep 1/,
    ],
    ['nothing', { inputs: [], targets: [] }, tokens, 'empty-data', /at least one timestep/],
  ];
  it.each(refusals)('of %s are refused', (_, data, ports, code, words) => {
    const loss = ports === tokens ? readLoss('cross-entropy') : undefined;
    expect(() => readDataset(data, ports, loss)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) }),
    );
  });
});
