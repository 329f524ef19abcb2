import { RivuletError, show } from '../errors.ts';
import { Block } from './block.ts';
import type { Model } from './model.ts';
import type { RowOptions } from './options.ts';

// A session whose rows or room for the encoder change gets another block.

/**
 * A block whose row r goes on where row rows[r] of the old one is, which it frees; where that is none, it begins anew.
 * Without memory for it the old one stays as it is.
 *
 * @throws RivuletError `out-of-memory`
 */
export function rebuild(
  model: Model,
  old: Block,
  rows: readonly (number | undefined)[],
  memory = old.memory,
): Block {
  const block = new Block(model, rows.length, 1, memory);
  block.adapt(old.adapter);
  rows.forEach((from, to) => {
    if (from !== undefined) model.runtime.exports.copyRow(old.address, from, block.address, to);
  });
  old.free();
  return block;
}

/** 0 … count - 1 */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The row that is meant: the only one needs no name. @throws RivuletError `invalid-argument` */
export function oneRow(method: string, rows: number, { row }: RowOptions): number {
  if (row !== undefined) return requireRow(rows, row);
  if (rows === 1) return 0;
  throw new RivuletError(
    'invalid-argument',
    `${method}: the session has ${rows} rows: pass { row }, one of 0 … ${rows - 1}`,
  );
}

/** The row that is meant, or all of them. @throws RivuletError `invalid-argument` */
export function rowsOf(rows: number, { row }: RowOptions): readonly number[] {
  return row === undefined ? range(rows) : [requireRow(rows, row)];
}

/** @throws RivuletError `invalid-argument` */
export function requireRow(rows: number, row: unknown): number {
  if (Number.isInteger(row) && (row as number) >= 0 && (row as number) < rows) return row as number;
  const known = rows === 1 ? 'one row, 0' : `rows 0 … ${rows - 1}`;
  throw new RivuletError('invalid-argument', `row ${show(row)}: the session has ${known}`);
}
