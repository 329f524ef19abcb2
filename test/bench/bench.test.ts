import { describe, expect, it } from 'vitest';
import { benchBatch } from '../../tools/bench/batch/bench.ts';
import { batchMarkdown, describeBatchMiss } from '../../tools/bench/batch/report.ts';
import { type BenchReport, bench } from '../../tools/bench/bench.ts';
import { benchCases } from '../../tools/bench/cases.ts';
import { errorOf, requireCorrect, TOLERANCE } from '../../tools/bench/correctness.ts';
import { parseOptions } from '../../tools/bench/options.ts';
import { buildPrototypes, prototypesMissing, STEPS } from '../../tools/bench/prototypes/build.ts';
import { prototypeContender } from '../../tools/bench/prototypes/contenders.ts';
import { PrototypeModule } from '../../tools/bench/prototypes/module.ts';
import { markdown } from '../../tools/bench/report.ts';
import { rivuletContender } from '../../tools/bench/rivulet.ts';
import { ratio, statistics, timeInRounds } from '../../tools/bench/timing.ts';
import { testRuntime } from '../runtime.ts';

const TINY = { rounds: 3, milliseconds: 0.01, warmup: 1, untimed: 4 };
const CASES = benchCases(['lstm', 'gru'], [16, 48]).map((each) => {
  return [`${each.cell} ${each.weights} ${each.size}`, each] as const;
});

describe('the correctness check', () => {
  it.each(CASES)('passes the session and refuses a wrong value: %s', async (_, each) => {
    const ours = await rivuletContender(testRuntime(), each.definition);
    const wrong = {
      ...ours,
      step: (x: Float32Array) => ours.step(x).map((v, i) => (i === 15 ? v + 1e-3 : v)),
    };
    expect(requireCorrect('Rivulet', ours, each)).toBeGreaterThan(0);
    const later = await rivuletContender(testRuntime(), each.definition);
    expect(errorOf(later, each.size)).toBeLessThanOrEqual(TOLERANCE[each.weights]);
    expect(() => requireCorrect('Rivulet', wrong, each)).toThrow(/Rivulet, .* off the float64 reference/);
  });
});

const missing = prototypesMissing(STEPS);

describe.skipIf(missing !== undefined)('the prototypes of the kernel study', () => {
  it('compute what the reference does, and are compared in every row', { timeout: 60_000 }, async () => {
    const prototypes = new PrototypeModule(buildPrototypes(STEPS));
    for (const [name, each] of CASES) {
      const error = errorOf(prototypeContender(prototypes, each)!, each.size);
      expect(error, name).toBeLessThanOrEqual(TOLERANCE[each.weights]);
    }
    const report = await bench(testRuntime(), prototypes, {
      ...TINY,
      cells: ['lstm', 'gru'],
      sizes: [16, 64],
    });
    expect(report.rows.map(({ prototype }) => prototype?.bar)).toEqual(
      // float32 and int8 of each cell at 16, then 64
      [undefined, 1.2, 1.5, 1.2, undefined, 1.2, undefined, 1.2],
    );
    for (const { prototype } of report.rows) expect(prototype!.ratio.median).toBeGreaterThan(0);
  });
});

describe('the report', () => {
  it('is JSON of times in order, and a table, also without prototypes', async () => {
    const report = await bench(testRuntime(), undefined, { ...TINY, cells: ['gru'], sizes: [16, 33] });
    const parsed = JSON.parse(JSON.stringify(report)) as BenchReport;
    expect(parsed.host.node).toBe(process.version);
    expect(parsed.rows.map(({ cell, weights, size }) => `${cell} ${weights} ${size}`)).toEqual([
      'gru float32 16',
      'gru float32 33',
      'gru int8 16',
      'gru int8 33',
    ]);
    for (const { step, shares, prototype } of parsed.rows) {
      expect(prototype).toBeUndefined();
      for (const { low, median, high, p99 } of [step, shares.module, shares.call]) {
        expect(low).toBeGreaterThan(0);
        expect([low, median, high, p99]).toEqual([low, median, high, p99].sort((a, b) => a - b));
      }
    }
    expect(markdown(report).split('\n').slice(0, 4)).toEqual([
      '| µs a step | 16 → 16 | 33 → 33 |',
      '| --- | --: | --: |',
      expect.stringMatching(/^\| GRU float32 \| [\d.]+ \| [\d.]+ \|$/),
      expect.stringMatching(/^\| GRU int8 \| [\d.]+ \| [\d.]+ \|$/),
    ]);
  });

  it('takes ratios round by round', () => {
    // The second round was ten times slower for both.
    expect(ratio([3, 30, 3], [2, 20, 1]).median).toBe(1.5);
    expect(statistics([5, 1, 4, 2, 3])).toEqual({ low: 1, median: 3, high: 5, p99: 5 });
  });

  it('lets who is slow sit rounds out, but five at least', async () => {
    const takes = (milliseconds: number) => (times: number) => times * milliseconds;
    const contenders = new Map([
      ['quick', takes(0.1)],
      ['slow', takes(1)],
      ['slowest', takes(5)],
    ]);
    const options = { rounds: 20, milliseconds: 0.1, warmup: 1, untimed: 1, mostMilliseconds: 20 };
    const times = await timeInRounds(contenders, options);
    const rounds = [...times.values()].map((each) => each.filter((time) => !Number.isNaN(time)).length);
    expect(rounds).toEqual([20, 10, 5]);
    const met = ratio(times.get('slowest')!, times.get('slow')!);
    expect(met.median).toBeCloseTo(5);
    const { low, high } = ratio(times.get('slow')!, times.get('quick')!);
    expect(low).toBeCloseTo(10);
    expect(high).toBeCloseTo(10);
  });
});

describe('the batch', () => {
  it('is compared with single steps, row by row', { timeout: 60_000 }, async () => {
    const report = await benchBatch(testRuntime(), { ...TINY, cells: ['lstm', 'gru'], sizes: [16, 128] });
    expect(report.rows.map(({ bar }) => bar)).toEqual([16, 16, 16, 15, 16, 16, 16, 16]);
    for (const { single, batch, cost, bar, meetsBar } of report.rows) {
      expect(single.median).toBeGreaterThan(0);
      expect(batch.median).toBeGreaterThan(0);
      expect(meetsBar).toBe(cost.median <= bar);
    }
    expect(batchMarkdown(report).split('\n').slice(0, 3)).toEqual([
      '| 16 streams cost | 16 → 16 | 128 → 128 |',
      '| --- | --: | --: |',
      expect.stringMatching(/^\| LSTM float32 \| [\d.]+ × \| [\d.]+ × \|$/),
    ]);
    expect(describeBatchMiss(report.rows[3]!)).toMatch(/^lstm int8 128: 16 streams cost .* at most 15 ×$/);
  });
});

describe('the options', () => {
  it('have defaults, and name what is wrong', () => {
    expect(parseOptions([])).toMatchObject({
      command: 'steps',
      cells: ['lstm', 'gru'],
      sizes: [16, 64, 128, 256, 512],
      rounds: 200,
    });
    expect(parseOptions(['batch'])).toMatchObject({ command: 'batch', sizes: [16, 64, 128, 256, 512, 1024] });
    expect(parseOptions(['denormals', '--json'])).toMatchObject({ command: 'denormals', json: true });
    expect(parseOptions(['train', '--cells', 'gru', '--rounds', '3'])).toMatchObject({
      command: 'train',
      cells: ['gru'],
      batches: [1, 16],
      rounds: 3,
    });
    expect(() => parseOptions(['--cells', 'rnn'])).toThrow('--cells: "rnn"');
    expect(() => parseOptions(['--sizes', '16,0'])).toThrow('--sizes: "0"');
    expect(parseOptions(['train']).sizes).toEqual([128, 256]);
    expect(parseOptions(['train', '--sizes', '16']).sizes).toEqual([16]);
    expect(() => parseOptions(['--batches', '2'])).toThrow('--batches is no option of steps');
    expect(() => parseOptions(['quick'])).toThrow('"quick"');
    expect(() => parseOptions(['train', 'quick'])).toThrow('"quick"');
  });
});
