import { cpus } from 'node:os';
import type { Runtime } from '../../src/index.ts';
import { barOf } from './bars.ts';
import { type BenchCase, benchCases } from './cases.ts';
import { requireCorrect } from './correctness.ts';
import { prototypeContender, prototypeNote } from './prototypes/contenders.ts';
import type { PrototypeModule } from './prototypes/module.ts';
import { rivuletContender } from './rivulet.ts';
import { ratio, type Statistics, statistics, type TimingOptions, timeInRounds } from './timing.ts';

export interface BenchOptions extends TimingOptions {
  readonly cells: readonly BenchCase['cell'][];
  readonly sizes: readonly number[];
}

/** Times in microseconds per call; errors are scaled errors against the float64 reference. */
export interface BenchRow extends Pick<BenchCase, 'cell' | 'weights' | 'size'> {
  readonly error: number;
  /** `session.step(x, out)` */
  readonly step: Statistics;
  /** The module's part of it. */
  readonly module: Statistics;
  /** Of a call into the module that does nothing. */
  readonly call: Statistics;
  readonly prototype?: Comparison;
}

export interface Comparison {
  readonly error: number;
  /** One call of the prototype on an x in its memory, which leaves its h there. */
  readonly time: Statistics;
  /** `step` over `time`, round by round. */
  readonly ratio: Statistics;
  /** The greatest median of `ratio` that is allowed, where something is. */
  readonly bar?: number;
  readonly meetsBar: boolean;
  readonly note?: string;
}

export interface BenchReport {
  readonly host: { readonly cpu: string; readonly platform: string; readonly node: string };
  readonly rounds: number;
  readonly rows: readonly BenchRow[];
}

/** `prototypes`: an instance of them, or nothing: then there is no comparison. */
export async function bench(
  runtime: Runtime,
  prototypes: PrototypeModule | undefined,
  options: BenchOptions,
  onRow: (row: BenchRow) => void = () => {},
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  for (const benchCase of benchCases(options.cells, options.sizes)) {
    const row = await benchOne(runtime, prototypes, benchCase, options);
    rows.push(row);
    onRow(row);
  }
  const host = {
    cpu: cpus()[0]?.model ?? 'unknown',
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  return { host, rounds: options.rounds, rows };
}

async function benchOne(
  runtime: Runtime,
  prototypes: PrototypeModule | undefined,
  benchCase: BenchCase,
  options: TimingOptions,
): Promise<BenchRow> {
  const { cell, weights, size, definition } = benchCase;
  const ours = await rivuletContender(runtime, definition);
  const prototype = prototypes && prototypeContender(prototypes, benchCase);
  try {
    const error = requireCorrect('Rivulet', ours, benchCase);
    const prototypeError = prototype && requireCorrect('the prototype', prototype, benchCase);
    const runs = new Map([
      ['step', ours.run],
      ['module', ours.runModule],
      ['call', ours.runEmpty],
    ]);
    if (prototype) runs.set('prototype', prototype.run);
    const times = timeInRounds(runs, options);
    const comparison =
      prototypeError !== undefined &&
      compare(benchCase, prototypeError, times.get('step')!, times.get('prototype')!);
    return {
      cell,
      weights,
      size,
      error,
      step: statistics(times.get('step')!),
      module: statistics(times.get('module')!),
      call: statistics(times.get('call')!),
      ...(comparison && { prototype: comparison }),
    };
  } finally {
    ours.dispose();
  }
}

function compare(
  benchCase: BenchCase,
  error: number,
  step: readonly number[],
  prototype: readonly number[],
): Comparison {
  const ratios = ratio(step, prototype);
  const bar = barOf(benchCase);
  const note = prototypeNote(benchCase);
  return {
    error,
    time: statistics(prototype),
    ratio: ratios,
    ...(bar !== undefined && { bar }),
    meetsBar: bar === undefined || ratios.median <= bar,
    ...(note !== undefined && { note }),
  };
}
