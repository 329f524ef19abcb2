// The backward half of an op, as a trainer runs it: the gradients of the op's operands, beside its OpRecord.

import { OpRecord } from './op-record';

export const BACKWARD_RECORD: usize = 72;

/**
 * The gradient of an operand has the panels and rows of the operand itself. Of a state there is one row per stream:
 * what flows back to the timestep before. It is added to, but where an op says otherwise.
 */
@unmanaged
export class BackwardRecord {
  /** Indices into the function table: (record, row, rows), gradients of what was read; 0 for none. */
  run: u32;
  /** (record, rows), gradients of the parameters, once for all rows; 0 for none. */
  runParameters: u32;
  op: OpRecord;
  /** Address of the gradient of operands a … e, row 0; 0 where nobody asks for it. */
  da: usize;
  db: usize;
  dc: usize;
  dd: usize;
  de: usize;
  /** Operands a and b before each timestep: a state's tape, row = timestep * streams + stream; or the operand itself. */
  tapeA: usize;
  tapeAPanel: usize;
  tapeB: usize;
  tapeBPanel: usize;
  /** Bytes from a state on its tape before a timestep to the one after it: the rows of a timestep, or less them. */
  after: i32;
  /** Room for Wᵀ; 0 where W serves as it is. */
  transposed: usize;
  transposedPanel: usize;
  /** Room for 64 rows of the widest operand, transposed. */
  scratch: usize;
}

/**
 * Adds `value`, at byte i, to the gradient of something that an op read, 0 for one that nobody wants. Where the op's
 * output took the place of what it read, `out` is the same gradient, and `value` replaces it.
 */
// @ts-ignore: decorator
@inline
export function give(gradient: usize, out: usize, i: usize, value: f32): void {
  if (!gradient) return;
  store<f32>(gradient + i, gradient == out ? value : load<f32>(gradient + i) + value);
}

/** The same of four values. */
// @ts-ignore: decorator
@inline
export function giveVector(gradient: usize, out: usize, i: usize, value: v128): void {
  if (!gradient) return;
  v128.store(gradient + i, gradient == out ? value : f32x4.add(v128.load(gradient + i), value));
}
