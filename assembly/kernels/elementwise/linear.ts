import { BackwardRecord, give } from '../../memory/backward-record';
import { columnsOf } from '../../memory/op-record';

/** Of out = factor (a + b): da += factor dout, db += factor dout. Scalar: no model spends time here. */
export function linearBackward(at: usize, row: i32, rows: i32, factor: f32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, bytes = <usize>rows << 6;
  let i = <usize>row * op.cRow;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    for (const end = i + bytes; i < end; i += 4) {
      const d = load<f32>(record.dc + i) * factor;
      give(record.da, record.dc, i, d);
      give(record.db, record.dc, i, d);
    }
    i += op.cPanel - bytes;
  }
}
