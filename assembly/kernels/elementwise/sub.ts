// out = a - b. Operands: kernels/elementwise/pairs.ts.
//
// Backward: da += dout, db -= dout.

import { BackwardRecord, give } from '../../memory/backward-record';
import { columnsOf } from '../../memory/op-record';
import { eachPair } from './pairs';

export function subOp(at: usize, row: i32, rows: i32): void {
  eachPair(at, row, rows, subtract);
}

function subtract(a: usize, b: usize, out: usize, bytes: usize): void {
  const end = a + bytes;
  if (ASC_FEATURE_SIMD) {
    do {
      v128.store(out, f32x4.sub(v128.load(a), v128.load(b)));
      a += 16; b += 16; out += 16;
    } while (a < end);
  } else {
    do {
      store<f32>(out, load<f32>(a) - load<f32>(b));
      a += 4; b += 4; out += 4;
    } while (a < end);
  }
}

export function subBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, bytes = <usize>rows << 6;
  let i = <usize>row * op.cRow;
  for (let panels = columnsOf(op.n) >> 4; panels > 0; panels--) {
    for (const end = i + bytes; i < end; i += 4) {
      const d = load<f32>(record.dc + i);
      give(record.da, record.dc, i, d);
      give(record.db, record.dc, i, -d);
    }
    i += op.cPanel - bytes;
  }
}
