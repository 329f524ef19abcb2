import { BackwardRecord, give, giveVector } from '../../memory/backward-record';
import { columnsOf } from '../../memory/op-record';

/** Of out = factor (a + b): da += factor dout, db += factor dout. */
export function linearBackward(at: usize, row: i32, rows: i32, factor: f32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, bytes = <usize>rows << 6;
  let i = <usize>row * op.cRow;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    const end = i + bytes;
    if (ASC_FEATURE_SIMD) {
      for (; i < end; i += 16) {
        const d = f32x4.mul(v128.load(record.dc + i), f32x4.splat(factor));
        giveVector(record.da, record.dc, i, d);
        giveVector(record.db, record.dc, i, d);
      }
    } else {
      for (; i < end; i += 4) {
        const d = load<f32>(record.dc + i) * factor;
        give(record.da, record.dc, i, d);
        give(record.db, record.dc, i, d);
      }
    }
    i += op.cPanel - bytes;
  }
}
