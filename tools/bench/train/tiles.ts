// What sizes and batches cost that are no multiple of a tile: 16 columns of a panel, 2 rows of a product.

import { ratio, type Statistics, type TimingOptions, timeInRounds } from '../timing.ts';
import { SIZES, type TrainCase, trainCase } from './cases.ts';
import { type Entrant, Refusal } from './contender.ts';

/** How many times the time of the next multiple a window may take. */
export const TILE_BAR = 1.25;

export interface Tile {
  readonly cell: TrainCase['cell'];
  readonly varies: 'input' | 'hidden' | 'output' | 'batch';
  readonly size: number;
  /** The next multiple of the tile. */
  readonly next: number;
  /** Of both, where it is not the batch that varies. */
  readonly batch: number;
}

export interface TileRow extends Tile {
  /** The time of a window and an update over that of the next multiple. */
  readonly cost: Statistics;
  readonly meetsBar: boolean;
}

/** Just below a multiple, and just above one. */
const COLUMNS = [
  { varies: 'input', size: 33, next: 48 },
  { varies: 'hidden', size: 120, next: 128 },
  { varies: 'hidden', size: 129, next: 144 },
  { varies: 'output', size: 33, next: 48 },
] as const;
const ROWS = [
  { varies: 'batch', size: 3, next: 4 },
  { varies: 'batch', size: 15, next: 16 },
  { varies: 'batch', size: 17, next: 18 },
] as const;

export function tiles(cells: readonly TrainCase['cell'][], batches: readonly number[]): Tile[] {
  return cells.flatMap((cell) => [
    ...batches.flatMap((batch) => COLUMNS.map((columns) => ({ cell, ...columns, batch }))),
    ...ROWS.map((rows) => ({ cell, ...rows, batch: rows.size })),
  ]);
}

/** Times a window of each tile beside one of its next multiple. */
export async function benchTile({ enter }: Entrant, tile: Tile, options: TimingOptions): Promise<TileRow> {
  const contenders = [];
  for (const size of [tile.size, tile.next]) {
    const contender = await enter(caseOf(tile, size));
    if (contender instanceof Refusal) throw new Error(contender.reason);
    contenders.push(contender);
  }
  const [its, next] = contenders;
  try {
    const runs = new Map([
      ['its', its!.time],
      ['next', next!.time],
    ]);
    const times = await timeInRounds(runs, inShort(options));
    const cost = ratio(times.get('its')!, times.get('next')!);
    return { ...tile, cost, meetsBar: cost.median <= TILE_BAR };
  } finally {
    for (const contender of contenders) contender.dispose();
  }
}

/** Twice the rounds, each a quarter as long: a window may be short, and two that follow closely share what slows them. */
function inShort(options: TimingOptions): TimingOptions {
  return { ...options, rounds: 2 * options.rounds, milliseconds: options.milliseconds / 4 };
}

function caseOf({ cell, varies, batch }: Tile, size: number): TrainCase {
  if (varies === 'batch') return trainCase(cell, size, SIZES);
  return trainCase(cell, batch, { ...SIZES, [varies]: size });
}
