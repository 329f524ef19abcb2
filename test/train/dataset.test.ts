import { describe, expect, it } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import { Draws, Purpose } from '../../src/runtime/draws.ts';
import { type Batch, type Batches, createBatches, fitBatchSize } from '../../src/train/batches.ts';
import { readDataset, splitDataset, type TrainingData } from '../../src/train/dataset.ts';
import { initialize } from '../../src/train/initialize.ts';
import { readLoss } from '../../src/train/losses/table.ts';
import { readPorts } from '../../src/train/ports.ts';
import { testRuntime } from '../runtime.ts';

const runtime = testRuntime();
const text = readPorts(
  initialize(
    {
      layers: [
        { type: 'embedding', size: 2 },
        { type: 'dense', units: 4 },
      ],
      tokenizer: { type: 'characters', vocabulary: ['a', 'b', 'c', 'd'] },
    },
    1,
    runtime,
  ),
);
const features = readPorts(
  initialize(
    { inputs: [{ name: 'x', kind: 'features', size: 2 }], layers: [{ type: 'dense', units: 3 }] },
    1,
    runtime,
  ),
);

/** Token number i is i: windows show where they come from. */
const counting = readPorts(
  initialize(
    {
      inputs: [{ name: 'i', kind: 'tokens', size: 1000 }],
      layers: [
        { type: 'embedding', size: 1 },
        { type: 'dense', units: 1000 },
      ],
    },
    1,
    runtime,
  ),
);
const count = (from: number, length: number) => Uint32Array.from({ length }, (_, i) => from + i);

describe('forms of data', () => {
  it('text and tokens predict the next token', () => {
    for (const data of ['abcd', Uint32Array.of(0, 1, 2, 3)]) {
      const { sequences, loss, separate } = readDataset(data, text, undefined);
      expect(separate).toBe(false);
      expect(loss.type).toBe('cross-entropy');
      expect(sequences).toEqual([
        { inputs: Uint32Array.of(0, 1, 2), targets: Uint32Array.of(1, 2, 3), timesteps: 3 },
      ]);
    }
  });

  it('inputs with classes, and with values', () => {
    const inputs = new Float32Array(8);
    const classes = readDataset({ inputs, targets: Uint32Array.of(0, 1, 2, 0) }, features, undefined);
    expect([classes.loss.type, classes.targetWidth, classes.sequences[0]!.timesteps]).toEqual([
      'cross-entropy',
      1,
      4,
    ]);
    const values = readDataset({ inputs, targets: new Float32Array(12), timesteps: 4 }, features, undefined);
    expect([values.loss.type, values.targetWidth]).toEqual(['mean-squared-error', 3]);
  });

  it('a list: separate sequences of any lengths', () => {
    const { separate, sequences } = readDataset(['abc', Uint32Array.of(1, 2)], text, undefined);
    expect(separate).toBe(true);
    expect(sequences.map(({ timesteps }) => timesteps)).toEqual([2, 1]);
  });

  it('a fraction is cut off the end', () => {
    const stream = splitDataset(readDataset(count(0, 101), counting, undefined), 0.2);
    expect(stream.training.sequences[0]!.inputs).toEqual(count(0, 80));
    expect(stream.validation.sequences[0]!.inputs).toEqual(count(80, 20));
    expect(stream.validation.sequences[0]!.targets).toEqual(count(81, 20));
    const list = splitDataset(readDataset(['abc', 'bcd', 'cda', 'dab'], text, undefined), 0.25);
    expect([list.training.sequences.length, list.validation.sequences.length]).toEqual([3, 1]);
  });

  const any = (value: unknown) => value as never;
  const floats = (...values: number[]) => Float32Array.from(values);
  const refusals: readonly [string, TrainingData, typeof text, string, RegExp][] = [
    ['no text', '', text, 'empty-data', /2 tokens.*got 0/],
    ['one token', Uint32Array.of(1), text, 'empty-data', /got 1/],
    ['no sequences', [], text, 'empty-data', /empty list/],
    ['an empty sequence', ['abc', ''], text, 'empty-data', /sequence 1.*got 0/],
    [
      'no timesteps',
      { inputs: floats(), targets: floats() },
      features,
      'empty-data',
      /at least one timestep/,
    ],
    ['text without tokenizer', 'abc', features, 'invalid-argument', /tokenizer/],
    ['a character', ['ab', 'axb'], text, 'unknown-character', /"x"/],
    [
      'a token',
      [Uint32Array.of(0, 1), Uint32Array.of(0, 1, 4, 1)],
      text,
      'token-out-of-range',
      /sequence 1.*0 … 3, got 4 at timestep 2/,
    ],
    ['a last token', Uint32Array.of(0, 1, 9), text, 'invalid-target', /0 … 3, got 9 at timestep 1/],
    ['tokens for features', Uint32Array.of(0, 1), features, 'invalid-argument', /predict the next token/],
    ['numbers', any([1, 2, 3]), text, 'invalid-argument', /sequence 0.*Uint32Array\.from/],
    ['nothing', any(undefined), text, 'invalid-argument', /got undefined/],
    ['Float32Array', any(floats(1, 2)), text, 'invalid-argument', /Float32Array of length 2/],
    [
      'other inputs',
      any({ inputs: { 0: 1 }, targets: floats(1) }),
      features,
      'invalid-argument',
      /inputs must be a Float32Array \[timesteps, 2\].*got Object/,
    ],
    [
      'other targets',
      any({ inputs: floats(1, 2), targets: Int8Array.of(1) }),
      features,
      'invalid-argument',
      /targets must be.*Int8Array of length 1/,
    ],
    [
      'NaN',
      [{ inputs: floats(0, 0, 0, 0, 0, Number.NaN), targets: Uint32Array.of(0, 0, 0) }],
      features,
      'non-finite-input',
      /sequence 0.*"x".*NaN at index 1 of timestep 2/,
    ],
    [
      'a target of NaN',
      { inputs: floats(0, 0, 0, 0), targets: floats(0, 0, 0, 0, Infinity, 0) },
      features,
      'invalid-target',
      /Infinity at index 1 of timestep 1/,
    ],
    [
      'a class',
      [
        { inputs: floats(0, 0), targets: Uint32Array.of(0) },
        { inputs: floats(0, 0), targets: Uint32Array.of(3) },
      ],
      features,
      'invalid-target',
      /sequence 1.*0 … 2, got 3 at timestep 0/,
    ],
    [
      'inputs of no whole timestep',
      { inputs: floats(0, 0, 0), targets: floats(0) },
      features,
      'wrong-length',
      /multiple of 2 values, got length 3/,
    ],
    [
      'too few inputs',
      { inputs: floats(0, 0), targets: Uint32Array.of(0, 1), timesteps: 2 },
      features,
      'wrong-length',
      /2 timesteps of 2 values, got length 2/,
    ],
    [
      'too few targets',
      { inputs: floats(0, 0, 0, 0), targets: floats(0, 0, 0) },
      features,
      'wrong-length',
      /2 timesteps of 3 values.*6 in all, got length 3/,
    ],
    [
      'timesteps',
      { inputs: floats(0, 0), targets: Uint32Array.of(0), timesteps: 0.5 },
      features,
      'invalid-argument',
      /timesteps.*0\.5/,
    ],
  ];
  it.each(refusals)('refuses %s', (_, data, ports, code, words) => {
    const act = () => readDataset(data, ports, undefined);
    expect(act).toThrow(RivuletError);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }));
  });

  it('refuses a loss that the targets are not for, and a fraction that leaves nothing', () => {
    const data = { inputs: floats(0, 0), targets: Uint32Array.of(0) };
    expect(() => readDataset(data, features, readLoss('mean-squared-error'))).toThrow(
      /"mean-squared-error" takes targets in a Float32Array/,
    );
    expect(() => splitDataset(readDataset('abc', text, undefined), 0.1)).toThrow(
      /leaves 2 for training and 0 for validation/,
    );
  });
});

describe('sizes', () => {
  const stream = (timesteps: number) => readDataset(count(0, timesteps + 1), counting, undefined);
  const list = (...lengths: number[]) =>
    readDataset(
      lengths.map((length) => count(0, length + 1)),
      counting,
      undefined,
    );

  it('are 16 and 64 by default, or as many as the data allow', () => {
    const sizes = (data: ReturnType<typeof stream>, asked = {}) => {
      const { batchSize, unroll } = fitBatchSize(data, { carryState: true, ...asked });
      return [batchSize, unroll];
    };
    expect(sizes(stream(900))).toEqual([14, 64]);
    expect(sizes(stream(999))).toEqual([15, 64]);
    expect(sizes(stream(50))).toEqual([1, 50]);
    expect(sizes(stream(50), { batchSize: 5 })).toEqual([5, 10]);
    expect(sizes(stream(50), { unroll: 5 })).toEqual([10, 5]);
    expect(sizes(list(3, 9, 70))).toEqual([3, 64]);
    expect(sizes(list(3, 9, 7))).toEqual([3, 9]);
    expect(sizes(list(3, 9, 7), { carryState: false, unroll: 2 })).toEqual([11, 2]);
  });

  const refusals: readonly [string, ReturnType<typeof stream>, Parameters<typeof fitBatchSize>[1], RegExp][] =
    [
      [
        'both',
        stream(768),
        { batchSize: 64, unroll: 64, carryState: true },
        /need 4096 timesteps.*there are 768: use at most batchSize 12 with unroll 64, or at most unroll 12 with batchSize 64$/,
      ],
      [
        'unroll',
        stream(50),
        { batchSize: 2, unroll: 64, carryState: true },
        /there are 50: use at most unroll 25 with batchSize 2$/,
      ],
      [
        'unroll alone',
        stream(50),
        { unroll: 64, carryState: true },
        /use at most unroll 50 with batchSize 1$/,
      ],
      ['batch', stream(50), { batchSize: 64, carryState: true }, /use at most batchSize 50 with unroll 1$/],
      [
        'both far',
        stream(5),
        { batchSize: 64, unroll: 64, carryState: false },
        /use at most unroll 5 with batchSize 1$/,
      ],
      [
        'sequences',
        list(3, 4),
        { batchSize: 3, carryState: true },
        /batchSize 3.*2 sequences: use at most batchSize 2$/,
      ],
      [
        'windows',
        list(3, 4),
        { batchSize: 5, unroll: 2, carryState: false },
        /4 windows of 2 timesteps: use at most batchSize 4$/,
      ],
      [
        'the longest',
        list(3, 4),
        { unroll: 5, carryState: true },
        /longest sequence, which has 4.*at most unroll 4$/,
      ],
    ];
  it.each(refusals)('too large: %s', (_, data, asked, words) => {
    const act = () => fitBatchSize(data, asked);
    expect(act).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(words) }),
    );
  });
});

/** The tokens of each row of a batch that count. */
function rowsOf({ window, timesteps }: Batch, batchSize: number): number[][] {
  const { inputs, targets, weights } = window;
  expect(inputs.length).toBe(timesteps * batchSize);
  return Array.from({ length: batchSize }, (_, row) => {
    const tokens: number[] = [];
    for (let t = 0; t < timesteps; t++) {
      const at = t * batchSize + row;
      if (weights && weights[at] === 0) continue;
      expect(targets[at]).toBe(inputs[at]! + 1);
      tokens.push(inputs[at]!);
    }
    return tokens;
  });
}

function batchesOf(data: TrainingData, asked: Parameters<typeof fitBatchSize>[1], seed = 3): Batches {
  const dataset = readDataset(data, counting, undefined);
  return createBatches(dataset, fitBatchSize(dataset, asked), new Draws(runtime, seed, Purpose.Order));
}

describe('a stream with carried state', () => {
  const batches = batchesOf(count(0, 118), { batchSize: 3, unroll: 8, carryState: true });

  it('is cut into rows that go on from window to window, elsewhere each epoch', () => {
    // 117 timesteps: rows of 39, in which 4 windows of 8 leave 7 for the offset.
    expect(batches.updatesPerEpoch).toBe(4);
    const offsets = new Set<number>();
    for (let epoch = 0; epoch < 20; epoch++) {
      const [offset] = rowsOf(batches.at(epoch, 0), 3)[0]!;
      expect(offset! >= 0 && offset! <= 7).toBe(true);
      offsets.add(offset!);
      for (let index = 0; index < 4; index++) {
        const batch = batches.at(epoch, index);
        expect([batch.timesteps, batch.counted, batch.fresh, batch.window.weights]).toEqual([
          8,
          24,
          index === 0,
          undefined,
        ]);
        rowsOf(batch, 3).forEach((row, b) => {
          expect(row).toEqual([...count(39 * b + offset! + 8 * index, 8)]);
        });
      }
    }
    expect(offsets.size).toBeGreaterThan(4);
  });

  it('follows from the seed', () => {
    const offsets = (seed: number) => {
      const other = batchesOf(count(0, 118), { batchSize: 3, unroll: 8, carryState: true }, seed);
      return Array.from({ length: 9 }, (_, epoch) => rowsOf(other.at(epoch, 0), 3)[0]![0]);
    };
    expect(offsets(1)).toEqual(offsets(1));
    expect(offsets(1)).not.toEqual(offsets(2));
  });
});

describe('a stream without carried state', () => {
  it('is cut into windows in random order, each from the zero state', () => {
    const batches = batchesOf(count(0, 118), { batchSize: 4, unroll: 8, carryState: false });
    expect(batches.updatesPerEpoch).toBe(4); // 14 windows: 4, 4, 4, 2
    const orders = [0, 1].map((epoch) => {
      const windows: number[][] = [];
      for (let index = 0; index < 4; index++) {
        const batch = batches.at(epoch, index);
        expect(batch.fresh).toBe(true);
        windows.push(...rowsOf(batch, 4).filter((row) => row.length > 0));
      }
      expect(windows.every((row) => row.length === 8)).toBe(true);
      const starts = windows.map(([first]) => first!);
      const sorted = [...starts].sort((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length: 14 }, (_, i) => sorted[0]! + 8 * i));
      expect(sorted[0]! + 14 * 8).toBeLessThanOrEqual(117);
      expect(starts).not.toEqual(sorted);
      return starts;
    });
    expect(orders[0]).not.toEqual(orders[1]);
  });
});

describe('separate sequences', () => {
  const lengths = [3, 20, 5, 8, 9, 17, 1];
  const starts = lengths.map((_, i) => 100 * i);
  const data = lengths.map((length, i) => count(100 * i, length + 1));

  it('come whole once an epoch, long ones in windows one after the other, short ones padded', () => {
    const batches = batchesOf(data, { batchSize: 3, unroll: 8, carryState: true });
    // By windows: 1 1 1 | 1 2 3 | 3, so 1 + 3 + 3.
    expect(batches.updatesPerEpoch).toBe(7);
    const orders = new Set<string>();
    for (let epoch = 0; epoch < 5; epoch++) {
      const seen = new Map<number, number[]>();
      let rows: (number | undefined)[] = [];
      let order = '';
      for (let index = 0; index < 7; index++) {
        const batch = batches.at(epoch, index);
        const found = rowsOf(batch, 3);
        expect(batch.counted).toBe(found.flat().length);
        if (batch.fresh) rows = found.map(([first]) => first);
        found.forEach((tokens, row) => {
          if (tokens.length === 0) return;
          const key = rows[row]!;
          seen.set(key, [...(seen.get(key) ?? []), ...tokens]);
        });
        order += `${found.map(([first]) => first)} `;
      }
      orders.add(order);
      expect([...seen.keys()].sort((a, b) => a - b)).toEqual(starts);
      for (const [start, tokens] of seen) expect(tokens).toEqual([...count(start, lengths[start / 100]!)]);
    }
    expect(orders.size).toBe(5);
  });

  it('without carried state, every window begins anew', () => {
    const batches = batchesOf(data, { batchSize: 4, unroll: 8, carryState: false });
    const seen: number[] = [];
    for (let index = 0; index < batches.updatesPerEpoch; index++) {
      const batch = batches.at(0, index);
      expect(batch.fresh).toBe(true);
      seen.push(...rowsOf(batch, 4).flat());
    }
    expect(seen.sort((a, b) => a - b)).toEqual(data.flatMap((tokens) => [...tokens.subarray(0, -1)]));
  });

  it('lay features out as [timesteps, batch, features]', () => {
    const dataset = readDataset(
      [
        { inputs: Float32Array.of(1, 2, 3, 4), targets: Float32Array.of(1, 2, 3, 4, 5, 6) },
        { inputs: Float32Array.of(5, 6), targets: Float32Array.of(7, 8, 9) },
      ],
      features,
      undefined,
    );
    const size = fitBatchSize(dataset, { carryState: true });
    const { window } = createBatches(dataset, size, new Draws(runtime, 0, Purpose.Order)).at(0, 0);
    const first = window.weights![2] === 1 ? 0 : 1;
    expect([...window.weights!]).toEqual(first === 0 ? [1, 1, 1, 0] : [1, 1, 0, 1]);
    expect([...window.inputs]).toEqual(first === 0 ? [1, 2, 5, 6, 3, 4, 0, 0] : [5, 6, 1, 2, 0, 0, 3, 4]);
    expect([...window.targets].filter((value) => value > 0).length).toBe(9);
  });
});
