// The tape: what backward reads and forward would overwrite. Buffers hold all timesteps of a window anyway; of a state
// there is only the present one, so an op behind its cell writes it down. Row block t of a state's tape is the state
// before timestep t, where the cell goes forward; where it goes backward it is the one behind timestep t, and the block
// behind the last timestep is what the state began with.

import { copyRows } from '../memory/copy';
import { OpRecord } from '../memory/op-record';
import { Session } from '../plan/session';
import { isOver } from '../plan/states';

/** Operands: a = state, b = its tape, one timestep further on. The state of a stream that is over is the one kept aside. */
export function recordState(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), session = changetype<Session>(op.session), to = op.b + (<usize>row << 6);
  copyRows(op.a, op.aPanel, to, op.bPanel, op.n, rows);
  const t = row / rows;
  if (t < session.over) return;
  const aside = session.aside + (op.a - session.firstState);
  for (let stream = 0; stream < rows; stream++) {
    const offset = <usize>stream << 6;
    if (isOver(session, stream, t)) copyRows(aside + offset, op.aPanel, to + offset, op.bPanel, op.n, 1);
  }
}
