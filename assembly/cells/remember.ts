// What a cell of separate ops ends with: h ← x, the state of this timestep and what is given.
//
// Operands: a = x, b = h, c = y, which may be x.
//
// Backward: dx += dy + dh, with dh what flows back from the next timestep; dh ← 0 (the recurrent product adds its share).

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { BackwardRecord, give } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

export function remember(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const x = op.a + <usize>row * op.aRow, y = op.c + <usize>row * op.cRow, bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    copyFlushed(x + p * stride, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

/** h = y = x, what is too small for a state zero. */
export function copyFlushed(x: usize, h: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const tiny = smallest();
    do {
      const v = flushVector(v128.load(x), tiny);
      v128.store(h, v); v128.store(y, v);
      x += 16; h += 16; y += 16;
    } while (x < end);
  } else {
    do {
      const v = flush(load<f32>(x));
      store<f32>(h, v); store<f32>(y, v);
      x += 4; h += 4; y += 4;
    } while (x < end);
  }
}

export function rememberBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, from = <usize>row << 6, bytes = <usize>rows << 6;
  for (let p: usize = 0; p < <usize>columnsOf(op.n) >> 4; p++) {
    const x = from + p * op.aPanel, y = from + p * op.cPanel, dh = record.db + p * op.bPanel;
    for (let i: usize = 0; i < bytes; i += 4) {
      const d = load<f32>(record.dc + y + i) + load<f32>(dh + i);
      give(record.da, record.dc, x + i, d);
      store<f32>(dh + i, 0);
    }
  }
}
