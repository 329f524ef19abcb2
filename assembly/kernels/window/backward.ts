// out = [ring | x], ring ← the last k values of out, backward: what flows back from the next timestep joins the gradient
// of the values that it saw; then
//
//   dx += the last n of dout     dring = the first k of dout

import { BackwardRecord } from '../../memory/backward-record';
import { addLanes, copyLanes } from '../../memory/lanes';

export function windowBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, k = op.k, n = op.n;
  for (let r: usize = 0; r < <usize>rows << 6; r += 64) {
    const from = (<usize>row << 6) + r, dring = record.db + r, dout = record.dc + from;
    addLanes(dring, op.bPanel, 0, dout, op.cPanel, n, k);
    copyLanes(dout, op.cPanel, 0, dring, op.bPanel, 0, k);
    if (record.da) addLanes(dout, op.cPanel, k, record.da + from, op.aPanel, 0, n);
  }
}
