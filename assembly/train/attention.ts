// The op of an attention, backward: see kernels/attention/f32.ts. The gradient of the memory gathers what all timesteps
// of the main section look at.

import { attendRowBackward } from '../kernels/attention/f32';
import { BackwardRecord } from '../memory/backward-record';
import { columnsOf } from '../memory/op-record';
import { memoryLength } from '../plan/attention';
import { Session } from '../plan/session';

export function attentionBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, session = changetype<Session>(op.session);
  const panels = columnsOf(op.n) >> 4;
  for (let r = row; r < row + rows; r++) {
    const stream = r % session.rows, from = <usize>r << 6, memory = <usize>stream << 6;
    attendRowBackward(
      op.a + from, op.aPanel, op.b + memory, op.bPanel, <usize>session.rows << 6, memoryLength(session, stream), panels,
      load<f32>(op.e), record.scratch, record.dc + from, op.cPanel,
      record.da ? record.da + from : 0, record.db ? record.db + memory : 0,
    );
  }
}
