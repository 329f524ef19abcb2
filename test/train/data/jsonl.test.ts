import { describe, expect, it } from 'vitest';
import { type ColumnOptions, RivuletError, readJsonl } from '../../../src/index.ts';

describe('readJsonl', () => {
  it('takes columns of objects, a timestep a line', async () => {
    const text = '{"a": 1, "b": 2, "c": "x"}\r\n\n{"b": 4, "a": 3, "c": "y"}';
    expect(await readJsonl(text, { inputs: ['a', 'b'], targets: 'c', classes: ['y', 'x'] })).toEqual({
      inputs: Float32Array.of(1, 2, 3, 4),
      targets: Uint32Array.of(1, 0),
      timesteps: 2,
    });
    const sequences = await readJsonl(text, { inputs: 'a', targets: 'b', sequence: 'c' });
    expect(sequences.map(({ timesteps }) => timesteps)).toEqual([1, 1]);
  });

  it('takes a sequence a line', async () => {
    const text = '"to be"\n[17, 4]\n{"inputs": [[0.5, 1]], "targets": [[1]]}\n';
    expect(await readJsonl(text)).toEqual([
      'to be',
      Uint32Array.of(17, 4),
      { inputs: [[0.5, 1]], targets: [[1]] },
    ]);
  });

  const columns: ColumnOptions = { inputs: 'a', targets: 'b' };
  const refusals: readonly [string, string, ColumnOptions | undefined, string, RegExp][] = [
    ['what is no JSON', '{"a": 1, "b": 2}\n{"a": }', columns, 'invalid-file', /^line 2: not JSON: /],
    ['NaN', '{"a": 1, "b": NaN}', columns, 'invalid-file', /^line 1: not JSON/],
    ['null', '\n{"a": 1, "b": null}', columns, 'invalid-file', /^line 2, column "b".*got "null"/],
    [
      'digits in quotes of no class',
      '{"a": "x", "b": 2}',
      columns,
      'invalid-file',
      /^line 1, column "a".*got "x"/,
    ],
    [
      'a missing column',
      '{"a": 1}',
      columns,
      'invalid-file',
      /^line 1: there is no column "b"; the columns are "a"/,
    ],
    ['a key twice', '{"a": 1, "a": 1, "b": 2}', columns, 'invalid-file', /^line 1: not JSON: .*twice/],
    [
      'an array of columns',
      '[1, 2]',
      columns,
      'invalid-file',
      /^line 1: expected an object of columns, got an array/,
    ],
    ['no lines', '\n\n', undefined, 'empty-data', /at least one line/],
    ['a token', '[1, -1]', undefined, 'invalid-file', /^line 1: expected tokens.*got -1 at index 1/],
    ['a number', '1', undefined, 'invalid-file', /^line 1: expected a text, an array of tokens or .*got 1/],
    ['inputs alone', '{"inputs": [1]}', undefined, 'invalid-file', /^line 1: expected a text/],
  ];
  it.each(refusals)('refuses %s', async (_, text, options, code, words) => {
    const error = await readJsonl(text, options as never).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RivuletError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
  });
});
