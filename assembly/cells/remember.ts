// What a cell of separate ops ends with: h ← x, the state of this timestep and what is given.
//
// Operands: a = x, b = h, c = y, which may be x.
//
// Backward: dx += dy + dh, with dh what flows back from the next timestep; dh ← 0 (the recurrent product adds its share).

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { BackwardRecord, give, giveVector } from '../memory/backward-record';
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
    backward(record, from + p * op.aPanel, from + p * op.cPanel, record.db + p * op.bPanel, bytes);
  }
}

/** x, y: where the panel lies in those operands. */
function backward(record: BackwardRecord, x: usize, y: usize, dh: usize, bytes: usize): void {
  const end = dh + bytes;
  if (ASC_FEATURE_SIMD) {
    const zero = f32x4.splat(0);
    do {
      const d = f32x4.add(v128.load(record.dc + y), v128.load(dh));
      giveVector(record.da, record.dc, x, d);
      v128.store(dh, zero);
      x += 16; y += 16; dh += 16;
    } while (dh < end);
  } else {
    do {
      const d = load<f32>(record.dc + y) + load<f32>(dh);
      give(record.da, record.dc, x, d);
      store<f32>(dh, 0);
      x += 4; y += 4; dh += 4;
    } while (dh < end);
  }
}
