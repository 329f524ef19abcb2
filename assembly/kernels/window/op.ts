// What an op over the last values of a sequence reads: those of the timesteps before, then those of this one. The state
// is a ring only in what it means: its values move up, so that a window lies in the order of time.
//
// Operands: a = x [n], b = what came before [k], c = out [k + n], first the values of b, then those of x.
// Then b ← the last k values of out.

import { OpRecord } from '../../memory/op-record';
import { copyLanes } from '../../memory/lanes';

export function windowOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), k = op.k, n = op.n;
  for (let r: usize = 0; r < <usize>rows << 6; r += 64) {
    const from = (<usize>row << 6) + r, ring = op.b + r, out = op.c + from;
    copyLanes(ring, op.bPanel, 0, out, op.cPanel, 0, k);
    copyLanes(op.a + from, op.aPanel, 0, out, op.cPanel, k, n);
    copyLanes(out, op.cPanel, n, ring, op.bPanel, 0, k);
  }
}
