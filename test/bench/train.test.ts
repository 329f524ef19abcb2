import { beforeAll, describe, expect, it } from 'vitest';
import type { Runtime } from '../../src/index.ts';
import { prototypesMissing, TRAINING } from '../../tools/bench/prototypes/build.ts';
import { timed } from '../../tools/bench/timing.ts';
import { firstLosses, requireAgreement, TOLERANCE } from '../../tools/bench/train/agreement.ts';
import { benchTraining, type TrainReport } from '../../tools/bench/train/bench.ts';
import { type TrainSizes, trainCase } from '../../tools/bench/train/cases.ts';
import type { Absent, Entrant, TrainContender } from '../../tools/bench/train/contender.ts';
import { Refusal } from '../../tools/bench/train/contender.ts';
import { prototype } from '../../tools/bench/train/prototype.ts';
import { pytorch } from '../../tools/bench/train/pytorch.ts';
import { describeTrainRow, trainMarkdown } from '../../tools/bench/train/report.ts';
import { rivulet, trainRuntime } from '../../tools/bench/train/rivulet.ts';
import { tensorflow } from '../../tools/bench/train/tensorflow.ts';

const SIZES: TrainSizes = { input: 16, hidden: 32, output: 16, timesteps: 6 };
const TINY = { rounds: 3, milliseconds: 0.01, warmup: 1, untimed: 1, sizes: SIZES };
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
    const entrant = await pytorch();
    if ('missing' in entrant) return expect(entrant.missing).toMatch(/ has no torch .*: ./);
    for (const each of CASES) expect(await differenceFrom(entrant, each)).toBeLessThanOrEqual(TOLERANCE);
    entrant.leave();
  });

  it('is absent where its Python is', async () => {
    const missing =
      'no-such-python has no torch (RIVULET_PYTORCH names another): spawn no-such-python ENOENT';
    expect(await pytorch('no-such-python')).toEqual({ name: 'PyTorch', missing });
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
      '| timesteps/s | GRU, batch 1 | GRU, batch 3 |',
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
