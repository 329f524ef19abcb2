import { OpRecord, columnsOf } from '../../memory/op-record';

/** target = source, for all streams. Operands: a = source, b = target, both states. */
export function copyStateOp(at: usize, _row: i32, _rows: i32): void {
  const op = changetype<OpRecord>(at);
  memory.copy(op.b, op.a, <usize>(columnsOf(op.n) >> 4) * op.aPanel);
}
