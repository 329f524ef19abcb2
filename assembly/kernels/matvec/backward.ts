// out = bias + W x, backward:
//
//   dx += Wᵀ dout      timestep by timestep where x is a state, all rows at once where it is a buffer
//   dW += Σ x doutᵀ    dbias += Σ dout     over all rows, once; dW only where W changes

import { BackwardRecord } from '../../memory/backward-record';
import { columnsOf } from '../../memory/op-record';
import { BLOCK_ROWS } from '../../memory/rows';
import { ACCUMULATE, gemmF32 } from '../gemm/f32';
import { sumRows } from '../sum/rows';
import { transposeF32 } from '../transpose/f32';
import { flatten } from './op';
import { matvecTransposedF32 } from './transposed';

export function matvecF32Backward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  if (!record.da) return;
  let dx = record.da + <usize>row * op.aRow, dout = record.dd + <usize>row * op.dRow;
  if (!record.transposed) {
    const flat = flatten(dout, op.dPanel, op.n >> 4, record.scratch);
    matvecTransposedF32(flat, op.n, op.b, op.k, dx, op.aPanel, record.scratch + (<usize>op.n << 2));
    return;
  }
  const panel = <usize>op.n << 6;
  for (; rows > 0; rows -= BLOCK_ROWS) {
    const m = min(rows, BLOCK_ROWS);
    transposeF32(dout, op.dPanel, m, op.n, record.scratch, panel);
    gemmF32(
      record.scratch, panel, record.transposed, record.transposedPanel, dx, op.aPanel, op.n, m, columnsOf(op.k), ACCUMULATE,
    );
    dx += BLOCK_ROWS << 6; dout += BLOCK_ROWS << 6;
  }
}

/** Wᵀ for the rows to come. The lanes behind its last column are zero since the record was made. */
export function transposeWeights(record: BackwardRecord): void {
  const op = record.op;
  transposeF32(op.b, <usize>op.k << 6, op.k, op.n, record.transposed, record.transposedPanel);
}

export function matvecF32Parameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  if (record.db) {
    gemmF32(
      record.tapeA, record.tapeAPanel, record.dd, op.dPanel, record.db, <usize>op.k << 6, rows, op.k, op.n, ACCUMULATE,
    );
  }
  if (op.c) sumRows(record.dd, op.dPanel, rows, op.m, record.dc);
}
