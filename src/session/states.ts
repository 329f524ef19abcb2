import { RivuletError, show } from '../errors.ts';
import type { Fingerprint } from '../plan/place.ts';
import type { Block } from './block.ts';
import type { Model } from './model.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';

// The states of a row of a session, by name and as a snapshot.

/** @throws RivuletError `non-finite-state` */
export function snapshotRow(model: Model, block: Block, row: number): Uint8Array {
  const values = new Float32Array(model.stateLength);
  let to = 0;
  for (const { index, size } of model.states) {
    block.readState(index, row, size, values, to);
    to += size;
  }
  if (!values.every(Number.isFinite)) {
    throw new RivuletError(
      'non-finite-state',
      'the state has overflowed float32 and a snapshot of it could not go on: reset the session, or restore an earlier one',
    );
  }
  return writeSnapshot(fingerprintOf(model, block), values);
}

/** Rows from … to - 1 go on where a snapshot was taken. @throws RivuletError `invalid-snapshot`, `snapshot-mismatch` */
export function restoreRows(
  model: Model,
  block: Block,
  rows: Iterable<number>,
  bytes: Uint8Array,
  allowOtherWeights: boolean,
): void {
  const values = readSnapshot(bytes, fingerprintOf(model, block), model.stateLength, allowOtherWeights);
  for (const row of rows) {
    let from = 0;
    for (const { index, size } of model.states) {
      block.writeState(index, row, size, values, from);
      from += size;
    }
  }
}

/** Of the weights that the block computes with: the model's, and its adapter's. */
function fingerprintOf(model: Model, { adapter }: Block): Fingerprint {
  return adapter?.fingerprint ?? model.fingerprint;
}

/** Number and size of the state that is called so. @throws RivuletError `invalid-argument` */
export function stateNamed({ states }: Model, name: string): { index: number; size: number } {
  const state = states.find((each) => each.name === name);
  if (state) return state;
  const names = states.map((each) => each.name).join(', ');
  throw new RivuletError(
    'invalid-argument',
    `no state is called ${show(name)}: the model has ${names || 'none'}`,
  );
}
