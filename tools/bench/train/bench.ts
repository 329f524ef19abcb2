import type { BenchCase } from '../cases.ts';
import { type Host, hostOf } from '../host.ts';
import { ratio, type Statistics, statistics, type TimingOptions, timeInRounds } from '../timing.ts';
import { firstLosses, requireAgreement } from './agreement.ts';
import { type TrainCase, type TrainSizes, trainCase } from './cases.ts';
import { type Absent, type Entrant, Refusal, type TrainContender } from './contender.ts';
import { benchTile, type Tile, type TileRow } from './tiles.ts';

export interface TrainBenchOptions extends TimingOptions {
  readonly cells: readonly BenchCase['cell'][];
  readonly batches: readonly number[];
  readonly sizes: readonly TrainSizes[];
  /** Of Rivulet alone. */
  readonly tiles: readonly Tile[];
}

export interface TrainRow extends TrainSizes {
  readonly cell: BenchCase['cell'];
  readonly batch: number;
  /** The greatest difference between Rivulet's first losses and the others', nats. */
  readonly difference: number;
  /** Rivulet first. */
  readonly results: readonly Result[];
}

export type Result = Timing | { readonly name: string; readonly refused: string };

export interface Timing {
  readonly name: string;
  /** timesteps × batch of a window over its time, forward, backward and update. */
  readonly timestepsPerSecond: Statistics;
  /** Rivulet's timesteps/s over this one's, round by round; not for Rivulet itself. */
  readonly ratio?: Statistics;
  /** The least median of `ratio` that is allowed, where something is. */
  readonly bar?: number;
  readonly meetsBar: boolean;
}

export interface TrainReport {
  readonly host: Host;
  readonly rounds: number;
  readonly contenders: readonly { readonly name: string; readonly about: readonly string[] }[];
  readonly absent: readonly Absent[];
  readonly rows: readonly TrainRow[];
  readonly tiles: readonly TileRow[];
}

/** Sorts who is there from who is not. */
export function present(all: readonly (Entrant | Absent)[]): { entrants: Entrant[]; absent: Absent[] } {
  const isAbsent = (one: Entrant | Absent): one is Absent => 'missing' in one;
  return {
    entrants: all.filter((one): one is Entrant => !isAbsent(one)),
    absent: all.filter(isAbsent),
  };
}

/** `all`: Rivulet first, which every other is compared with. */
export async function benchTraining(
  all: readonly (Entrant | Absent)[],
  options: TrainBenchOptions,
  onRow: (row: TrainRow | TileRow) => void = () => {},
): Promise<TrainReport> {
  const { entrants, absent } = present(all);
  const rows: TrainRow[] = [];
  for (const cell of options.cells) {
    for (const sizes of options.sizes) {
      for (const batch of options.batches) {
        const row = await benchCase(entrants, trainCase(cell, batch, sizes), options);
        rows.push(row);
        onRow(row);
      }
    }
  }
  const tiles: TileRow[] = [];
  for (const tile of options.tiles) {
    const row = await benchTile(entrants[0]!, tile, options);
    tiles.push(row);
    onRow(row);
  }
  const contenders = entrants.map(({ name, about }) => ({ name, about }));
  return { host: hostOf(), rounds: options.rounds, contenders, absent, rows, tiles };
}

async function benchCase(
  entrants: readonly Entrant[],
  trained: TrainCase,
  options: TrainBenchOptions,
): Promise<TrainRow> {
  const contenders = new Map<string, TrainContender>();
  const refusals = new Map<string, string>();
  try {
    for (const { name, enter } of entrants) {
      const contender = await enter(trained);
      if (contender instanceof Refusal) refusals.set(name, contender.reason);
      else contenders.set(name, contender);
    }
    const losses = await firstLosses(contenders, trained);
    const difference = requireAgreement(entrants[0]!.name, losses, trained);
    const runs = new Map([...contenders].map(([name, { time }]) => [name, time] as const));
    const times = await timeInRounds(runs, options);
    const results = entrants.map((entrant) => {
      const refused = refusals.get(entrant.name);
      return refused === undefined
        ? timingOf(entrant, times.get(entrant.name)!, times.get(entrants[0]!.name)!, trained)
        : { name: entrant.name, refused };
    });
    const { cell, batch, input, hidden, output, timesteps } = trained;
    return { cell, batch, input, hidden, output, timesteps, difference, results };
  } finally {
    for (const contender of contenders.values()) contender.dispose();
  }
}

/** `times` and `ours`, Rivulet's: microseconds a window, by round. */
function timingOf(
  { name, barOf }: Entrant,
  times: readonly number[],
  ours: readonly number[],
  trained: TrainCase,
): Timing {
  const { timesteps, batch } = trained;
  const timestepsPerSecond = statistics(times.map((time) => (1e6 * timesteps * batch) / time));
  if (times === ours) return { name, timestepsPerSecond, meetsBar: true };
  const ratios = ratio(times, ours);
  const bar = barOf?.(trained);
  return {
    name,
    timestepsPerSecond,
    ratio: ratios,
    ...(bar !== undefined && { bar }),
    meetsBar: bar === undefined || ratios.median >= bar,
  };
}
