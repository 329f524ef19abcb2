// out = bias + W patch for every position, backward:
//
//   dpatch = Wᵀ dout, added to the values of x that the patch was made of      row by row
//   dW = Σ patch doutᵀ     dbias = Σ dout      over all positions of all rows, a block of patches as one product

import { BackwardRecord } from '../../memory/backward-record';
import { addPanel } from '../../memory/copy';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { Frame } from '../../shared/convolution';
import { ACCUMULATE, gemmF32 } from '../gemm/f32';
import { flatten } from '../matvec/op';
import { matvecTransposedF32 } from '../matvec/transposed';
import { addFlat, unflatten } from './flat';
import { addPatch, patchOf, takeUnits } from './patch';
import { BLOCK_PATCHES } from './scratch';

export function convolutionF32Backward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, frame = op.e;
  if (!record.da) return;
  const columns = inputColumns(op), dx = record.scratch;
  const dpatch = dx + (<usize>columns << 2), dunits = dpatch + (<usize>columnsOf(op.k) << 2);
  const dout = dunits + (<usize>op.n << 2), sums = dout + (<usize>outputColumns(op) << 2);
  memory.fill(dunits, 0, <usize>op.n << 2);
  for (let r = row; r < row + rows; r++) {
    memory.fill(dx, 0, <usize>columns << 2);
    flatten(record.dd + (<usize>r << 6), op.dPanel, outputColumns(op) >> 4, dout);
    for (let output = 0; output < load<i32>(frame, Frame.OutWidth); output++) {
      takeUnits(dout, op.m, frame, output, dunits);
      memory.fill(dpatch, 0, <usize>columnsOf(op.k) << 2);
      matvecTransposedF32(dunits, op.n, op.b, op.k, dpatch, 64, sums);
      addPatch(dpatch, frame, output, dx);
    }
    addFlat(dx, record.da + (<usize>r << 6), op.aPanel, columns >> 4);
  }
}

export function convolutionF32Parameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, frame = op.e;
  const columns = inputColumns(op), x = record.scratch;
  const patch = x + (<usize>columns << 2), dunits = patch + (<usize>columnsOf(op.k) << 2);
  const dout = dunits + (<usize>op.n << 2), block = dout + (<usize>outputColumns(op) << 2);
  memory.fill(patch, 0, <usize>columnsOf(op.k) << 2);
  memory.fill(dunits, 0, <usize>op.n << 2);
  let count = 0;
  for (let r = 0; r < rows; r++) {
    flatten(op.a + (<usize>r << 6), op.aPanel, columns >> 4, x);
    flatten(record.dd + (<usize>r << 6), op.dPanel, outputColumns(op) >> 4, dout);
    for (let output = 0; output < load<i32>(frame, Frame.OutWidth); output++) {
      takeUnits(dout, op.m, frame, output, dunits);
      for (let column: usize = 0; column < <usize>op.n << 2; column += 64) addPanel(record.dc + column, dunits + column);
      unflatten(patchOf(x, frame, output, patch), block + (<usize>count << 6), BLOCK_PANEL, columnsOf(op.k) >> 4);
      unflatten(dunits, dunitsOf(op, block) + (<usize>count << 6), BLOCK_PANEL, op.n >> 4);
      if (++count == BLOCK_PATCHES) count = addProduct(record, block, count);
    }
  }
  if (count) addProduct(record, block, count);
}

/** Bytes from a panel of a block of patches, or of their units, to the next. */
const BLOCK_PANEL: usize = <usize>BLOCK_PATCHES << 6;

/** dW += the `count` patches of a block times their units; leaves no patch. */
function addProduct(record: BackwardRecord, block: usize, count: i32): i32 {
  const op = record.op, dunits = dunitsOf(op, block);
  gemmF32(block, BLOCK_PANEL, dunits, BLOCK_PANEL, record.db, <usize>op.k << 6, count, op.k, op.n, ACCUMULATE);
  return 0;
}

/** The units of a block lie behind its patches. */
function dunitsOf(op: OpRecord, block: usize): usize {
  return block + (<usize>columnsOf(op.k) << 2) * BLOCK_PATCHES;
}

function inputColumns(op: OpRecord): i32 {
  return columnsOf(load<i32>(op.e, Frame.Channels) * load<i32>(op.e, Frame.Width));
}

function outputColumns(op: OpRecord): i32 {
  return columnsOf(op.m * load<i32>(op.e, Frame.OutWidth));
}
