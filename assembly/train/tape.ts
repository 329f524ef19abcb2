// The tape: what backward reads and forward would overwrite. Buffers hold all timesteps of a window anyway; of a state
// there is only the present one, so an op behind its cell writes it down. Row block t of a state's tape is the state
// before timestep t.

import { copyPanel } from '../memory/copy';
import { OpRecord, columnsOf } from '../memory/op-record';

/** Operands: a = state, b = its tape, one timestep further on. */
export function recordState(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  copyRows(op.a, op.aPanel, op.b + (<usize>row << 6), op.bPanel, op.n, rows);
}

/** `rows` rows of panels elsewhere. */
export function copyRows(from: usize, fromPanel: usize, to: usize, toPanel: usize, n: i32, rows: i32): void {
  const bytes = <usize>rows << 6;
  for (let panels = columnsOf(n) >> 4; panels > 0; panels--) {
    if (rows == 1) copyPanel(to, from);
    else memory.copy(to, from, bytes);
    from += fromPanel; to += toPanel;
  }
}
