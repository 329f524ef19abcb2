import type { Runtime } from '../../src/index.ts';
import { barOf } from './bars.ts';
import { type BenchCase, benchCases } from './cases.ts';
import { requireCorrect } from './correctness.ts';
import { type Host, hostOf } from './host.ts';
import { prototypeContender, prototypeNote } from './prototypes/contenders.ts';
import type { PrototypeModule } from './prototypes/module.ts';
import { type RivuletContender, rivuletContender } from './rivulet.ts';
import { ratio, type Statistics, statistics, type TimingOptions, timed, timeInRounds } from './timing.ts';

export interface BenchOptions extends TimingOptions {
  readonly cells: readonly BenchCase['cell'][];
  readonly sizes: readonly number[];
}

/** Times in microseconds per call; errors are scaled errors against the float64 reference. */
export interface BenchRow extends Pick<BenchCase, 'cell' | 'weights' | 'size'> {
  readonly error: number;
  /** `session.step(x, out)` */
  readonly step: Statistics;
  readonly shares: Shares;
  readonly prototype?: Comparison;
}

/** What a step consists of, from rounds of their own. */
export interface Shares {
  /** `session.step` less the module's `step`: checking arguments, copying x in and h out. */
  readonly javascript: Statistics;
  /** The module's `step`, the call included. */
  readonly module: Statistics;
  /** A call into the module that does nothing. */
  readonly call: Statistics;
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
  readonly host: Host;
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
  return { host: hostOf(), rounds: options.rounds, rows };
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
    // Two only: with a third that shares the weights of one, that one would find them cached more often.
    const runs = new Map([['step', timed(ours.run)]]);
    if (prototype) runs.set('prototype', timed(prototype.run));
    const times = await timeInRounds(runs, options);
    const step = times.get('step')!;
    const comparison =
      prototypeError !== undefined && compare(benchCase, prototypeError, step, times.get('prototype')!);
    const shares = await sharesOf(ours, options);
    return {
      cell,
      weights,
      size,
      error,
      step: statistics(step),
      shares,
      ...(comparison && { prototype: comparison }),
    };
  } finally {
    ours.dispose();
  }
}

async function sharesOf(ours: RivuletContender, options: TimingOptions): Promise<Shares> {
  const runs = new Map([
    ['step', timed(ours.run)],
    ['module', timed(ours.runModule)],
    ['call', timed(ours.runEmpty)],
  ]);
  const times = await timeInRounds(runs, { ...options, rounds: Math.ceil(options.rounds / 2) });
  const [step, module, call] = [times.get('step')!, times.get('module')!, times.get('call')!];
  return {
    javascript: statistics(step.map((value, round) => value - module[round]!)),
    module: statistics(module),
    call: statistics(call),
  };
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
