// The backward half of an op, as a trainer runs it: the gradients of the op's operands, beside its OpRecord.

import { OpRecord } from './op-record';

export const BACKWARD_RECORD: usize = 64;

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
  /** Address of the gradient of operands a … d, row 0; 0 where nobody asks for it. */
  da: usize;
  db: usize;
  dc: usize;
  dd: usize;
  /** Operands a and b before each timestep: a state's tape, row = timestep * streams + stream; or the operand itself. */
  tapeA: usize;
  tapeAPanel: usize;
  tapeB: usize;
  tapeBPanel: usize;
  /** Room for Wᵀ; 0 where W serves as it is. */
  transposed: usize;
  transposedPanel: usize;
  /** Room for 64 rows of the widest operand, transposed. */
  scratch: usize;
}
