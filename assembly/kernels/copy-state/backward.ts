import { BackwardRecord } from '../../memory/backward-record';
import { addPanel } from '../../memory/copy';
import { columnsOf } from '../../memory/op-record';

/** dsource += dtarget, dtarget = 0: what was there before is not read. */
export function copyStateBackward(at: usize, _row: i32, _rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  const bytes = <usize>(columnsOf(op.n) >> 4) * op.aPanel;
  for (let i: usize = 0; i < bytes; i += 64) addPanel(record.da + i, record.db + i);
  memory.fill(record.db, 0, bytes);
}
