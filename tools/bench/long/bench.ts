import { Trainer } from '../../../src/train/trainer.ts';
import { CELLS, randomModel } from '../../../test/reference/models.ts';
import { Random } from '../../../test/reference/random.ts';
import type { BenchCase } from '../cases.ts';
import { type Host, hostOf } from '../host.ts';
import { ratio, type Statistics, statistics, type TimingOptions, timed, timeInRounds } from '../timing.ts';
import { trainRuntime } from '../train/rivulet.ts';

export interface LongSizes {
  readonly input: number;
  readonly hidden: number;
  readonly output: number;
  readonly timesteps: number;
  /** Bytes of tape and checkpoints. */
  readonly memoryBudget: number;
}

export const SIZES: LongSizes = { input: 16, hidden: 64, output: 16, timesteps: 10_000, memoryBudget: 1e6 };

/** How many times the time without a budget a window may take: a second pass forward, and a little. */
export const BAR = 1.5;

export interface LongOptions extends TimingOptions {
  readonly cells: readonly BenchCase['cell'][];
  /** `SIZES` unless given. */
  readonly long?: LongSizes;
}

/** Times of a window, forward and backward, in milliseconds. */
export interface LongRow extends LongSizes {
  readonly cell: BenchCase['cell'];
  readonly whole: Statistics;
  readonly within: Statistics;
  /** Round by round. */
  readonly ratio: Statistics;
  readonly bar: number;
  readonly meetsBar: boolean;
}

export interface LongReport {
  readonly host: Host;
  readonly rounds: number;
  readonly rows: readonly LongRow[];
}

/** A window of thousands of timesteps within a memory budget against the same one without, in turn. */
export async function benchLong(
  options: LongOptions,
  onRow: (row: LongRow) => void = () => {},
): Promise<LongReport> {
  const rows: LongRow[] = [];
  for (const cell of options.cells) {
    const row = await benchCell(cell, options);
    rows.push(row);
    onRow(row);
  }
  return { host: hostOf(), rounds: options.rounds, rows };
}

async function benchCell(cell: BenchCase['cell'], options: LongOptions): Promise<LongRow> {
  const sizes = options.long ?? SIZES;
  const { input, hidden, output, timesteps, memoryBudget } = sizes;
  const kind = CELLS.find((each) => each === cell || each === `${cell}-after`)!;
  const definition = randomModel({ cell: kind, input, hidden, output, depth: 1, seed: 1 });
  const random = new Random(2);
  const window = {
    inputs: random.gaussians(timesteps * input),
    targets: random.integers(timesteps, 0, output),
  };
  const shared = { batchSize: 1, unroll: timesteps, loss: 'cross-entropy' } as const;
  const whole = new Trainer(await trainRuntime(), definition, shared);
  const within = new Trainer(await trainRuntime(), definition, { ...shared, memoryBudget });
  const run = (trainer: Trainer) => {
    trainer.resetState();
    return trainer.window(window, timesteps);
  };
  requireSameBits(cell, run, whole, within);
  const repeat = (trainer: Trainer) => (times: number) => {
    for (let i = 0; i < times; i++) run(trainer);
  };
  const times = await timeInRounds(
    new Map([
      ['whole', timed(repeat(whole))],
      ['within', timed(repeat(within))],
    ]),
    options,
  );
  const milliseconds = (name: string) => times.get(name)!.map((microseconds) => microseconds / 1000);
  const cost = ratio(milliseconds('within'), milliseconds('whole'));
  return {
    cell,
    ...sizes,
    whole: statistics(milliseconds('whole')),
    within: statistics(milliseconds('within')),
    ratio: cost,
    bar: BAR,
    meetsBar: cost.median <= BAR,
  };
}

/** @throws Error before anything wrong is timed */
function requireSameBits(
  cell: string,
  run: (trainer: Trainer) => { loss: number },
  whole: Trainer,
  within: Trainer,
): void {
  const sameLoss = run(whole).loss === run(within).loss;
  const expected = whole.gradients();
  const sameGradients = [...within.gradients()].every(([name, values]) =>
    values.every((value, i) => Object.is(value, expected.get(name)![i])),
  );
  if (!sameLoss || !sameGradients)
    throw new Error(`${cell}: a memory budget changes the loss or the gradients`);
}
