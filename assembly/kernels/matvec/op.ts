// The ops of a matrix product. Operands: a = x, b = W, c = bias (absent: add to what is there), d = out,
// e = scales (int8). The bias may have more columns than the product: the rest is copied.

import { OpRecord, columnsOf } from '../../memory/op-record';
import { quantizeInt16, quantizedSum } from '../quantize/int16';
import { matvecF32 } from './f32';
import { matvecInt8 } from './int8';

export function matvecF32Op(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  let x0 = op.a + <usize>row * op.aRow, out = op.d + <usize>row * op.dRow;
  for (; rows > 0; rows--) {
    let x = x0;
    if (op.aPanel != 64) x = flatten(x, op.aPanel, columnsOf(op.k) >> 4, op.scratch);
    matvecF32(x, op.k, op.b, op.c ? op.c : out, op.c ? 64 : op.dPanel, out, op.dPanel, op.n);
    copyBias(op, out);
    x0 += 64; out += 64;
  }
}

export function matvecInt8Op(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.k) >> 4, pairs = (op.k + 1) >> 1;
  let x = op.a + <usize>row * op.aRow, out = op.d + <usize>row * op.dRow;
  for (; rows > 0; rows--) {
    const scale = quantizeInt16(x, op.aPanel, panels, op.scratch, op.qmax);
    matvecInt8(
      op.scratch, pairs, op.b, op.e, scale, quantizedSum,
      op.c ? op.c : out, op.c ? 64 : op.dPanel, out, op.dPanel, op.n,
    );
    copyBias(op, out);
    x += 64; out += 64;
  }
}

/** One row of a panelled buffer as a plain vector. */
function flatten(x: usize, stride: usize, panels: i32, flat: usize): usize {
  for (let p = flat; panels > 0; panels--) {
    memory.copy(p, x, 64);
    p += 64; x += stride;
  }
  return flat;
}

function copyBias(op: OpRecord, out: usize): void {
  for (let column = op.n; column < op.biasColumns; column += 16) {
    memory.copy(out + <usize>(column >> 4) * op.dPanel, op.c + (<usize>column << 2), 64);
  }
}
