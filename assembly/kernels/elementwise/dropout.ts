// Dropout outside of training: y = x. Operands: a = x, b = y, e = f32[4] {rate}, which the trainer reads.

import { copyRows } from '../../memory/copy';
import { OpRecord } from '../../memory/op-record';

export function dropoutOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  copyRows(op.a + <usize>row * op.aRow, op.aPanel, op.b + <usize>row * op.bRow, op.bPanel, op.n, rows);
}
