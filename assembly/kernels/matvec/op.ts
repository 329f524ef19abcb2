// The ops of a matrix product. Operands: a = x, b = W, c = bias (absent: add to what is there), d = out,
// e = scales (int8). The bias may have more columns than the product: the rest is copied.

import { copyPanel } from '../../memory/copy';
import { OP_RECORD, OpRecord, columnsOf } from '../../memory/op-record';
import { BLOCK_ROWS } from '../../memory/rows';
import { ACCUMULATE, gemmF32 } from '../gemm/f32';
import { transposeF32 } from '../transpose/f32';
import { interleaveRows, quantizeInt16, quantizedSum } from '../quantize/int16';
import { matvecF32 } from './f32';
import { matvecInt8, matvecInt8Rows } from './int8';

export function matvecF32Op(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  const x = op.a + <usize>row * op.aRow, out = op.d + <usize>row * op.dRow;
  if (rows == 1) {
    const flat = op.aPanel == 64 ? x : flatten(x, op.aPanel, columnsOf(op.k) >> 4, op.scratch);
    matvecF32(flat, op.k, op.b, op.c ? op.c : out, op.c ? 64 : op.dPanel, out, op.dPanel, op.n);
    copyBias(op, out);
  } else {
    manyRows(op, x, out, rows);
  }
}

/** Block by block of rows: transposed, then one product of matrices. */
function manyRows(op: OpRecord, x: usize, out: usize, rows: i32): void {
  const width = columnsOf(op.k), panel = <usize>op.k << 6, transposedPanel = <usize>width << 6;
  for (; rows > 0; rows -= BLOCK_ROWS) {
    const m = min(rows, BLOCK_ROWS);
    transposeF32(x, op.aPanel, m, width, op.scratch, transposedPanel);
    gemmF32(op.scratch, transposedPanel, op.b, panel, out, op.dPanel, op.k, m, op.n, op.c ? op.c : ACCUMULATE);
    for (let i = 0; i < m; i++) copyBias(op, out + (<usize>i << 6));
    x += BLOCK_ROWS << 6; out += BLOCK_ROWS << 6;
  }
}

export function matvecInt8Op(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  let x = op.a + <usize>row * op.aRow, out = op.d + <usize>row * op.dRow;
  if (ASC_FEATURE_SIMD) {
    while (rows > 1) {
      const even = min(rows & ~1, INT8_ROWS);
      evenRowsInt8(op, x, out, even);
      x += <usize>even << 6; out += <usize>even << 6;
      rows -= even;
    }
  }
  for (; rows > 0; rows--) {
    const scale = quantizeInt16(x, op.aPanel, columnsOf(op.k) >> 4, op.scratch, op.qmax);
    multiplyInt8(op, op.scratch, scale, quantizedSum, out);
    x += 64; out += 64;
  }
}

/** Rows that go by each 16 columns of int8 weights at once. */
const INT8_ROWS: i32 = 16;

/** Values of scratch that a product of so many rows wants: the rows by twos, two as they are quantized, their factors. */
export function int8Scratch(k: i32, rows: i32): u64 {
  return (<u64>columnsOf(k) * (min(rows, INT8_ROWS) + 2) >> 1) + 2 * INT8_ROWS;
}

/** At most INT8_ROWS rows, an even number. */
function evenRowsInt8(op: OpRecord, x: usize, out: usize, rows: i32): void {
  const panels = columnsOf(op.k) >> 4, row = <usize>panels << 5, factors = op.scratch, two = factors + (INT8_ROWS << 3);
  const q = two + 2 * row;
  for (let i: usize = 0; i < <usize>rows; i++) {
    const scale = quantizeInt16(x + (i << 6), op.aPanel, panels, two + (i & 1) * row, op.qmax);
    store<f32>(factors + (i << 3), scale);
    store<i32>(factors + (i << 3), quantizedSum, 4);
    if (i & 1) interleaveRows(two, row, q + (i - 1) * row);
  }
  matvecInt8Rows(
    q, 2 * row, rows, (op.k + 1) >> 1, factors, op.b, op.e, op.c ? op.c : out, op.c ? 0 : 64, op.c ? 64 : op.dPanel,
    out, op.dPanel, op.n,
  );
  for (let i = 0; i < rows; i++) copyBias(op, out + (<usize>i << 6));
}

/**
 * This op and the next, for one row: two products, of the input and of the state, into the same gates. Both vectors are
 * quantized before the first product, so that their chains of dependent operations overlap.
 */
export function matvecInt8PairOp(at: usize, _row: i32, _rows: i32): void {
  const op = changetype<OpRecord>(at), next = changetype<OpRecord>(at + OP_RECORD);
  const panels = columnsOf(op.k) >> 4, second = op.scratch + (<usize>panels << 5);
  const scale = quantizeInt16(op.a, op.aPanel, panels, op.scratch, op.qmax), sum = quantizedSum;
  const nextScale = quantizeInt16(next.a, next.aPanel, columnsOf(next.k) >> 4, second, next.qmax);
  multiplyInt8(op, op.scratch, scale, sum, op.d);
  multiplyInt8(next, second, nextScale, quantizedSum, next.d);
}

/** Whether `next` can go with `op`: it reads a state, which `op` leaves alone. */
export function isInt8Pair(op: OpRecord, next: OpRecord): bool {
  return op.run == matvecInt8Op.index && next.run == matvecInt8Op.index && next.aRow == 0;
}

// @ts-ignore: decorator
@inline
function multiplyInt8(op: OpRecord, q: usize, scale: f32, sum: i32, out: usize): void {
  matvecInt8(
    q, (op.k + 1) >> 1, op.b, op.e, scale, sum, op.c ? op.c : out, op.c ? 64 : op.dPanel, out, op.dPanel, op.n,
  );
  copyBias(op, out);
}

/** One row of a panelled buffer as a plain vector. */
export function flatten(x: usize, stride: usize, panels: i32, flat: usize): usize {
  for (let p = flat; panels > 0; panels--) {
    copyPanel(p, x);
    p += 64; x += stride;
  }
  return flat;
}

function copyBias(op: OpRecord, out: usize): void {
  for (let column = op.n; column < op.m; column += 16) {
    copyPanel(out + <usize>(column >> 4) * op.dPanel, op.c + (<usize>column << 2));
  }
}
