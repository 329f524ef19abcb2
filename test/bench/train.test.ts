import { beforeAll, describe, expect, it } from 'vitest';
import type { Runtime } from '../../src/index.ts';
import { prototypesMissing, TRAINING } from '../../tools/bench/prototypes/build.ts';
import { timed } from '../../tools/bench/timing.ts';
import { firstLosses, requireAgreement, TOLERANCE } from '../../tools/bench/train/agreement.ts';
import { benchTraining, type TrainReport } from '../../tools/bench/train/bench.ts';
import { type TrainCase, type TrainSizes, trainCase } from '../../tools/bench/train/cases.ts';
import type { Absent, Entrant, TrainContender } from '../../tools/bench/train/contender.ts';
import { Refusal } from '../../tools/bench/train/contender.ts';
import { prototype } from '../../tools/bench/train/prototype.ts';
import { pytorches } from '../../tools/bench/train/pytorch.ts';
import { describeTile, describeTrainRow, trainMarkdown } from '../../tools/bench/train/report.ts';
import { rivulet, trainRuntime } from '../../tools/bench/train/rivulet.ts';
import { tensorflow } from '../../tools/bench/train/tensorflow.ts';

const SIZES: TrainSizes = { input: 16, hidden: 32, output: 16, timesteps: 6 };
const TINY = { rounds: 3, milliseconds: 0.01, warmup: 1, untimed: 1, sizes: [SIZES], tiles: [] };
const CASES = (['lstm', 'gru'] as const).flatMap((cell) =>
  [1, 4].map((batch) => [`${cell}, batch ${batch}`, trainCase(cell, batch, SIZES)] as const),
);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await trainRuntime();
});

/** The greatest difference of the first losses of Rivulet and another; its refusal where it refuses. */
async function differenceFrom(other: Entrant, [, each]: (typeof CASES)[number]): Promise<number | string> {
  const contenders = new Map<string, TrainContender>();
  for (const { name, enter } of [rivulet(runtime), other]) {
    const contender = await enter(each);
    if (contender instanceof Refusal) return contender.reason;
    contenders.set(name, contender);
  }
  const difference = requireAgreement('Rivulet', await firstLosses(contenders, each), each);
  for (const contender of contenders.values()) contender.dispose();
  return difference;
}

function requirePresent(one: Entrant | Absent): Entrant {
  if ('missing' in one) throw new Error(one.missing);
  return one;
}

describe.skipIf(prototypesMissing(TRAINING))('the prototypes of the kernel study', () => {
  it('has the losses of Rivulet', { timeout: 60_000 }, async () => {
    const entrant = requirePresent(prototype());
    for (const each of CASES) expect(await differenceFrom(entrant, each)).toBeLessThanOrEqual(TOLERANCE);
  });

  it('are compared in every row, and say what they cannot do', { timeout: 60_000 }, async () => {
    const report = await benchTraining([rivulet(runtime), prototype()], {
      ...TINY,
      cells: ['lstm', 'gru'],
      batches: [2, 3],
    });
    expect(report.rows.map(({ results }) => results[1])).toMatchObject([
      { bar: 0.8, ratio: { median: expect.any(Number) } },
      { refused: 'it takes a batch of 1 or an even one only' },
      { bar: 0.8 },
      { refused: expect.any(String) },
    ]);
  });
});

describe('PyTorch', () => {
  it('has the losses of Rivulet, or what is missing is said', async () => {
    const [entrant] = (await pytorches()) as [Entrant | Absent];
    if ('missing' in entrant) return expect(entrant.missing).toMatch(/ has no torch .*: ./);
    expect(entrant.name).toMatch(/^PyTorch \d+\.\d+$/);
    for (const each of CASES) expect(await differenceFrom(entrant, each)).toBeLessThanOrEqual(TOLERANCE);
    entrant.leave();
  });

  it('is absent where its Python is', async () => {
    const missing =
      'no-such-python has no torch (RIVULET_PYTORCH names another): spawn no-such-python ENOENT';
    expect(await pytorches('no-such-python')).toEqual([{ name: 'PyTorch', missing }]);
  });

  it('of a list: one of each Python', async () => {
    const names = await pytorches('no-such-python,nor-this-one');
    expect(names.map((each) => 'missing' in each && each.missing)).toEqual([
      expect.stringContaining('spawn no-such-python ENOENT'),
      expect.stringContaining('spawn nor-this-one ENOENT'),
    ]);
  });
});

describe('TensorFlow.js', () => {
  it('has the losses of Rivulet but for the GRU, which it refuses, or what is missing is said', async () => {
    const entrant = await tensorflow();
    if ('missing' in entrant) return expect(entrant.missing).toContain('tools/bench/tfjs');
    for (const each of CASES) {
      const difference = await differenceFrom(entrant, each);
      if (each[1].cell === 'gru') expect(difference).toContain('does not support reset_after');
      else expect(difference).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

describe('the bars', () => {
  /** A contender that has Rivulet's losses and takes `milliseconds(case)` a window. */
  function taking(milliseconds: (each: TrainCase) => number): Entrant {
    return {
      name: 'taking its time',
      about: [],
      async enter(each) {
        const { update, dispose } = (await rivulet(runtime).enter(each)) as TrainContender;
        return { update, time: (times) => times * milliseconds(each), dispose };
      },
      leave() {},
    };
  }

  it('are those of who has them, and are met or missed', async () => {
    const barOf = ({ batch }: TrainCase) => (batch === 1 ? 2 : undefined);
    const results = async (milliseconds: number) => {
      const all = [taking(() => 1), { ...taking(() => milliseconds), name: 'with a bar', barOf }];
      const report = await benchTraining(all, { ...TINY, cells: ['gru'], batches: [1, 2] });
      return report.rows.map((row) => row.results[1]);
    };
    expect(await results(2.1)).toMatchObject([{ bar: 2, meetsBar: true }, { meetsBar: true }]);
    expect(await results(1.9)).toMatchObject([{ bar: 2, meetsBar: false }, { meetsBar: true }]);
  });

  it('of PyTorch are those of its version, where a case has one', async () => {
    const [entrant] = (await pytorches()) as [Entrant | Absent];
    if ('missing' in entrant) return;
    const bar = (cell: TrainCase['cell'], batch: number, hidden: number) =>
      entrant.barOf!({ ...CASES[0]![1], cell, batch, hidden });
    const isOld = entrant.name.startsWith('PyTorch 1.');
    expect([bar('lstm', 1, 128), bar('gru', 16, 128), bar('gru', 16, 256)]).toEqual([
      isOld ? 6.5 : 1.9,
      1.35,
      undefined,
    ]);
    entrant.leave();
  });

  it('of a tile compare it with the next multiple', async () => {
    const all = [taking(({ batch, hidden }) => (hidden === 129 ? 3 : batch))];
    const tiles = [
      { cell: 'gru', varies: 'hidden', size: 129, next: 144, batch: 2 },
      { cell: 'gru', varies: 'batch', size: 3, next: 4, batch: 3 },
    ] as const;
    const report = await benchTraining(all, { ...TINY, cells: [], batches: [], tiles });
    expect(report.tiles.map(({ meetsBar }) => meetsBar)).toEqual([false, true]);
    expect(report.tiles.map(describeTile)).toEqual([
      'gru, hidden 129 beside 144, batch 2: 1.50 (1.50–1.50) × its time, at most 1.25 MISSED',
      'gru, batch 3 beside 4: 0.75 (0.75–0.75) × its time, at most 1.25 met',
    ]);
  });
});

describe('the agreement of the first losses', () => {
  it.each(CASES)('holds for the Trainer and the reference: %s', async (_, each) => {
    const contender = (await rivulet(runtime).enter(each)) as TrainContender;
    const losses = await firstLosses(new Map([['Rivulet', contender]]), each);
    expect(losses.get('Rivulet')).toHaveLength(10);
    expect(requireAgreement('Rivulet', losses, each)).toBeLessThanOrEqual(TOLERANCE);
  });

  it('names who differs, and where', () => {
    const each = { cell: 'lstm', batch: 1 } as const;
    const agree = (theirs: number[]) =>
      requireAgreement(
        'Rivulet',
        new Map([
          ['Rivulet', [3, 2]],
          ['other', theirs],
        ]),
        each,
      );
    expect(agree([3 + 1e-6, 2 - 2e-6])).toBeCloseTo(2e-6, 9);
    expect(() => agree([3, 2.001])).toThrow(/lstm, batch 1, update 2: .* of Rivulet is 2, of other 2.001/);
    expect(() => agree([Number.NaN])).toThrow(/update 1/);
  });
});

describe('the report', () => {
  /** A contender whose updates take nothing and lose what `losses` says. */
  function fake(name: string, losses: readonly number[] | string): Entrant {
    const enter = async () => {
      if (typeof losses === 'string') return new Refusal(losses);
      let updates = 0;
      return { update: () => losses[updates++ % losses.length]!, time: timed(() => {}), dispose() {} };
    };
    return { name, about: [`${name} 1.0`, 'details'], enter, leave() {} };
  }

  it('has who is absent and who refused, as JSON and as a table', async () => {
    const absent = { name: 'absent one', missing: 'nobody installed it' };
    const all = [rivulet(runtime), fake('refuser', 'no such cell'), absent];
    const report = await benchTraining(all, { ...TINY, cells: ['gru'], batches: [1, 3] });
    const parsed = JSON.parse(JSON.stringify(report)) as TrainReport;
    expect(parsed.absent).toEqual([absent]);
    expect(parsed.rows.map(({ batch, results }) => [batch, results[1]])).toEqual([
      [1, { name: 'refuser', refused: 'no such cell' }],
      [3, { name: 'refuser', refused: 'no such cell' }],
    ]);
    expect(describeTrainRow(report.rows[0]!)).toContain('refused: no such cell');
    expect(trainMarkdown(report).split('\n').slice(0, 4)).toEqual([
      '| timesteps/s | GRU 32, batch 1 | GRU 32, batch 3 |',
      '| --- | --: | --: |',
      expect.stringMatching(/^\| Rivulet \| [\d,]+ \| [\d,]+ \|$/),
      '| refuser | refused | refused |',
    ]);
  });

  it('is not made where losses differ', async () => {
    const all = [rivulet(runtime), fake('other', [1])];
    await expect(benchTraining(all, { ...TINY, cells: ['lstm'], batches: [1] })).rejects.toThrow(
      /of other 1;/,
    );
  });
});
