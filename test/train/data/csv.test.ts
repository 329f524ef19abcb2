import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CsvOptions, RivuletError, readCsv, type TextSource } from '../../../src/index.ts';
import { type CsvRecord, CsvRecords } from '../../../src/train/data/csv-records.ts';

function recordsOf(text: string, cuts: readonly number[] = []): CsvRecord[] {
  const records = new CsvRecords();
  const ends = [...cuts, text.length];
  const pieces = ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));
  return [...pieces.flatMap((piece) => [...records.push(piece)]), ...records.end()];
}
const cellsIn = (text: string) => recordsOf(text).map(({ cells }) => cells);

describe('records of RFC 4180', () => {
  const examples: readonly [rule: string, text: string, cells: readonly (readonly string[])[]][] = [
    [
      '1: lines end with CR LF',
      'aaa,bbb\r\nzzz,yyy\r\n',
      [
        ['aaa', 'bbb'],
        ['zzz', 'yyy'],
      ],
    ],
    [
      '2: the last line may have no end',
      'aaa,bbb\r\nzzz,yyy',
      [
        ['aaa', 'bbb'],
        ['zzz', 'yyy'],
      ],
    ],
    ['4: spaces belong to a cell', ' a ,b', [[' a ', 'b']]],
    [
      '5: cells in quotes',
      '"aaa",bbb\r\n"zzz","yyy"',
      [
        ['aaa', 'bbb'],
        ['zzz', 'yyy'],
      ],
    ],
    [
      '6: line ends and commas in quotes',
      '"a\r\nb","c,d"\r\n1,2',
      [
        ['a\r\nb', 'c,d'],
        ['1', '2'],
      ],
    ],
    ['7: a quote is two in quotes', '"a""b",""""', [['a"b', '"']]],
    [
      'empty cells',
      ',\n"",',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['LF alone ends a line', 'a\nb\n', [['a'], ['b']]],
    ['nothing', '', []],
  ];
  it.each(examples)('%s', (_, text, cells) => {
    expect(cellsIn(text)).toEqual(cells);
  });

  it('are what was written, in chunks of any size', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', 'é') });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.infiniteStream(fc.nat(5)), (rows, end, steps) => {
        const text = rows.map((row) => row.map(quoted).join(',')).join(end) + end;
        const cuts: number[] = [];
        for (let at = 0; at < text.length; at += steps.next().value!) cuts.push(at);
        const records = recordsOf(text, cuts);
        expect(records.map(({ cells }) => cells)).toEqual(rows);
        const lines = rows.map((_, i) => 1 + rows.slice(0, i).flat().join('').split('\n').length - 1 + i);
        expect(records.map(({ line }) => line)).toEqual(lines);
      }),
    );
  });

  it.each([
    ['a quote that is not closed', 'a,b\n1,"2\n3', /^line 2: a quote is opened/],
    ['a quote within a cell', 'a\nb"c', /^line 2: a quote behind "b"/],
    ['text behind a quote', 'a\n"b"c', /^line 2: "c" behind a closed quote/],
    ['a quote behind a lone CR', '"b"\r"c"', /^line 1: a quote behind "b"/],
  ])('refuse %s', (_, text, words) => {
    expect(() => recordsOf(text)).toThrow(
      expect.objectContaining({ code: 'invalid-file', message: expect.stringMatching(words) }),
    );
  });
});

const TABLE = `time,load,"oil, top",kind
0:00,1.5,30,up
1:00,-2e1,31,down
2:00,.25,32,up
3:00,4,33,up
`;

describe('readCsv', () => {
  it('picks columns in the order in which they are named', async () => {
    const data = await readCsv(TABLE, { inputs: ['oil, top', 'load'], targets: 'load' });
    expect(data).toEqual({
      inputs: Float32Array.of(30, 1.5, 31, -20, 32, 0.25, 33, 4),
      targets: Float32Array.of(1.5, -20, 0.25, 4),
      timesteps: 4,
    });
  });

  it('looks ahead by a horizon, row by row', async () => {
    const data = await readCsv(TABLE, { inputs: 'load', targets: ['load', 'oil, top'], horizon: 2 });
    expect(data).toEqual({
      inputs: Float32Array.of(1.5, -20),
      targets: Float32Array.of(-20, 31, 0.25, 32, 0.25, 32, 4, 33),
      timesteps: 2,
    });
  });

  it('reads classes by what they are called', async () => {
    const data = await readCsv(TABLE, { inputs: 'load', targets: 'kind', classes: ['down', 'up'] });
    expect(data.targets).toEqual(Uint32Array.of(1, 0, 1, 1));
  });

  it('begins another sequence where a column changes', async () => {
    const data = await readCsv(TABLE, { inputs: 'load', targets: 'oil, top', sequence: 'kind' });
    expect(data.map(({ timesteps }) => timesteps)).toEqual([1, 1, 2]);
    expect(data[2]).toEqual({
      inputs: Float32Array.of(0.25, 4),
      targets: Float32Array.of(32, 33),
      timesteps: 2,
    });
  });

  it('takes other delimiters and names of its own, and passes over empty lines at the end', async () => {
    const options = { inputs: 'a', targets: 'b', delimiter: ';', header: ['a', 'b'] };
    const data = await readCsv('1;2\r\n3;4\r\n\r\n\n', options);
    expect([...data.inputs, ...data.targets]).toEqual([1, 3, 2, 4]);
  });

  const bytes = new TextEncoder().encode(`\uFEFF${TABLE}`);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  }
  const sources: readonly [string, () => TextSource][] = [
    ['text with a byte order mark', () => `\uFEFF${TABLE}`],
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.slice().buffer],
    ['a Blob', () => new Blob([bytes])],
    ['a Response', () => new Response(bytes)],
    ['an async iterable of bytes', chunks],
    ['a ReadableStream', () => new Blob([bytes]).stream()],
    [
      'a ReadableStream that is not iterable',
      () => {
        const stream = new Blob([bytes]).stream();
        return { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>;
      },
    ],
  ];
  it.each(sources)('reads %s', async (_, source) => {
    const expected = await readCsv(TABLE, { inputs: 'load', targets: 'load' });
    expect(await readCsv(source(), { inputs: 'load', targets: 'load' })).toEqual(expected);
  });

  const pick = { inputs: 'a', targets: 'b' };
  const refusals: readonly [string, TextSource, CsvOptions, string, RegExp][] = [
    [
      'NaN',
      'a,b\n1,2\n3,NaN\n',
      pick,
      'invalid-file',
      /^line 3, column "b": expected a finite float32, got "NaN"$/,
    ],
    ['an empty cell', 'a,b\n1,2\n,4\n', pick, 'invalid-file', /^line 3, column "a".*an empty cell: fill it/],
    ['a word', 'a,b\nx,2', pick, 'invalid-file', /^line 2, column "a".*got "x"/],
    ['more than float32 holds', 'a,b\n1,1e39', pick, 'invalid-file', /^line 2, column "b".*got "1e39"/],
    [
      'too few cells',
      'a,b\n1,2\n3\n',
      pick,
      'invalid-file',
      /^line 3: expected 2 cells as there are columns, got 1/,
    ],
    ['too many cells', 'a,b\n1,2,3\n', pick, 'invalid-file', /^line 2: expected 2 cells.*got 3/],
    ['an empty line', 'a,b\n1,2\n\n3,4', pick, 'invalid-file', /^line 3 is empty, and rows follow/],
    ['a line behind one with line ends', 'a,b\n"1\n",2\n3,x', pick, 'invalid-file', /^line 4, column "b"/],
    [
      'a column that is not there',
      'a,c\n1,2',
      pick,
      'invalid-argument',
      /no column "b"; the columns are "a", "c"/,
    ],
    ['two columns of one name', 'a,b,b\n1,2,3', pick, 'invalid-argument', /two columns are called "b"/],
    [
      'a class',
      'a,b\n1,up',
      { ...pick, classes: ['x', 'y'] },
      'invalid-file',
      /column "b".*classes "x", "y", got "up"/,
    ],
    ['no rows', 'a,b\n', pick, 'empty-data', /at least one row, got 0/],
    ['nothing', '', pick, 'empty-data', /at least one row/],
    [
      'a horizon as long as the data',
      'a,b\n1,2\n',
      { ...pick, horizon: 1 },
      'empty-data',
      /more than the 1 rows/,
    ],
    [
      'a short sequence',
      'a,b,s\n1,2,p\n3,4,p\n1,2,q\n',
      { ...pick, sequence: 's', horizon: 1 },
      'empty-data',
      /sequence "q" from line 4 on/,
    ],
    ['bytes that are no UTF-8', Uint8Array.of(0x61, 0xff), pick, 'invalid-file', /not UTF-8/],
    ['a horizon of 0', 'a,b\n1,2', { ...pick, horizon: 0 }, 'invalid-argument', /horizon.*got 0/],
    ['a horizon of classes', '', { ...pick, classes: ['x'], horizon: 2 }, 'invalid-argument', /horizon of 2/],
    ['no columns', '', { ...pick, inputs: [] }, 'invalid-argument', /inputs must be names/],
    ['a column twice', '', { ...pick, inputs: ['a', 'a'] }, 'invalid-argument', /inputs: "a" is named twice/],
    ['a delimiter', '', { ...pick, delimiter: '||' }, 'invalid-argument', /delimiter must be one character/],
    ['a number for a source', 7 as never, pick, 'invalid-argument', /expected a text, bytes.*got 7/],
  ];
  it.each(refusals)('refuses %s', async (_, source, options, code, words) => {
    const error = await readCsv(source, options as CsvOptions & { sequence?: undefined }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(RivuletError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it('lets go of a stream that it refuses, and tells why one failed', async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield 'a,b\n1,x\n';
      } finally {
        ended = true;
      }
    }
    await expect(readCsv(endless(), pick)).rejects.toMatchObject({ code: 'invalid-file' });
    expect(ended).toBe(true);
    async function* failing() {
      yield 'a,b\n';
      throw new Error('the line is dead');
    }
    await expect(readCsv(failing(), pick)).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining('the line is dead'),
    });
  });
});
