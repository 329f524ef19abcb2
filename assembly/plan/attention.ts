// The op of an attention, which reads the memory of the session: row r belongs to stream r mod rows, and the vectors of
// a stream are the rows timestep * rows + stream of a buffer of the encoder. Operands: a = query, b = memory, c = out,
// e = f32[4] with the scale.

import { attendRow } from '../kernels/attention/f32';
import { OpRecord, columnsOf } from '../memory/op-record';
import { Session } from './session';

export function attentionOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), session = changetype<Session>(op.session), panels = columnsOf(op.n) >> 4;
  for (let r = row; r < row + rows; r++) {
    const stream = r % session.rows;
    attendRow(
      op.a + <usize>r * op.aRow, op.aPanel, op.b + (<usize>stream << 6), op.bPanel, <usize>session.rows << 6,
      memoryLength(session, stream), panels, load<f32>(op.e), op.scratch, op.c + <usize>r * op.cRow, op.cPanel,
    );
  }
}

/** Timesteps of the encoder that a stream may look at. */
export function memoryLength(session: Session, stream: i32): i32 {
  return load<i32>(session.memoryLengths + (<usize>stream << 2));
}
