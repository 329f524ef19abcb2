// What the ops of two vectors have in common. Operands: a, b, c = out, buffers; out may be a or b.

import { OpRecord, columnsOf } from '../../memory/op-record';
import { runBytes, runCount } from '../../memory/runs';

/** out[i] from a[i] and b[i]; `bytes` a multiple of 16. */
type Kernel = (a: usize, b: usize, out: usize, bytes: usize) => void;

export function eachPair(at: usize, row: i32, rows: i32, kernel: Kernel): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, bytes = runBytes(op.aPanel, panels, rows);
  let a = op.a + <usize>row * op.aRow, b = op.b + <usize>row * op.bRow, out = op.c + <usize>row * op.cRow;
  for (let runs = runCount(op.aPanel, panels, rows); runs > 0; runs--) {
    kernel(a, b, out, bytes);
    a += op.aPanel; b += op.bPanel; out += op.cPanel;
  }
}
