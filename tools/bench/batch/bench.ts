import { loadModel, type Model, type Runtime } from '../../../src/index.ts';
import { type BenchCase, benchCases, noise } from '../cases.ts';
import { type Host, hostOf } from '../host.ts';
import { ratio, type Statistics, statistics, type TimingOptions, timed, timeInRounds } from '../timing.ts';
import { batchBar, STREAMS } from './bars.ts';

export interface BatchOptions extends TimingOptions {
  readonly cells: readonly BenchCase['cell'][];
  readonly sizes: readonly number[];
}

/** Times in microseconds. */
export interface BatchRow extends Pick<BenchCase, 'cell' | 'weights' | 'size'> {
  /** A step of one stream. */
  readonly single: Statistics;
  /** A step of the batch. */
  readonly batch: Statistics;
  /** How many steps of one stream it takes, round by round. */
  readonly cost: Statistics;
  /** The greatest median of `cost` that is allowed. */
  readonly bar: number;
  readonly meetsBar: boolean;
}

export interface BatchReport {
  readonly host: Host;
  readonly streams: number;
  readonly rounds: number;
  readonly rows: readonly BatchRow[];
}

/** A step of a batch of streams against as many steps of one stream, both by `session.step`, in turn. */
export async function benchBatch(
  runtime: Runtime,
  options: BatchOptions,
  onRow: (row: BatchRow) => void = () => {},
): Promise<BatchReport> {
  const rows: BatchRow[] = [];
  for (const benchCase of benchCases(options.cells, options.sizes)) {
    const row = await benchOne(runtime, benchCase, options);
    rows.push(row);
    onRow(row);
  }
  return { host: hostOf(), streams: STREAMS, rounds: options.rounds, rows };
}

async function benchOne(runtime: Runtime, benchCase: BenchCase, options: TimingOptions): Promise<BatchRow> {
  const { cell, weights, size, definition } = benchCase;
  using model = await loadModel(definition, { runtime });
  requireSameBits(model, `${cell} ${weights} ${size}`);
  const [single, batch] = [model.createSession(), model.createSession({ batchSize: STREAMS })];
  const [x, xs] = noise(size, 1).concat(noise(size * STREAMS, 1)) as [Float32Array, Float32Array];
  const [out, outs] = [new Float32Array(size), new Float32Array(size * STREAMS)];
  const runs = new Map([
    ['batch', timed((times) => repeat(times, () => batch.step(xs, outs)))],
    ['singles', timed((times) => repeat(times * STREAMS, () => single.step(x, out)))],
  ]);
  const times = await timeInRounds(runs, options);
  const [together, apart] = [times.get('batch')!, times.get('singles')!.map((each) => each / STREAMS)];
  const cost = ratio(together, apart);
  const bar = batchBar(benchCase);
  return {
    cell,
    weights,
    size,
    single: statistics(apart),
    batch: statistics(together),
    cost,
    bar,
    meetsBar: cost.median <= bar,
  };
}

function repeat(times: number, act: () => void): void {
  for (let i = 0; i < times; i++) act();
}

/** @throws Error before anything wrong is timed */
function requireSameBits(model: Model, name: string): void {
  const { size } = model.inputs[0]!;
  const singles = Array.from({ length: STREAMS }, () => model.createSession());
  const batch = model.createSession({ batchSize: STREAMS });
  for (const xs of noise(size * STREAMS, 3, 2)) {
    const together = batch.step(xs);
    singles.forEach((session, row) => {
      const alone = session.step(xs.slice(row * size, (row + 1) * size));
      if (!alone.every((value, i) => Object.is(value, together[row * size + i]))) {
        throw new Error(`${name}: row ${row} of a batch has not the bits of a stream alone`);
      }
    });
  }
}
