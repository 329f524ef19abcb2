// Convolution within the frame of a timestep, one product a position: out = bias + W patch.
//
// Operands: a = x [channels * width], b = W of n rows and k = kernel * channels columns, c = bias f32[n],
// d = out [m * outWidth], e = descriptor (shared/convolution.ts), behind it the scales f32[n] (int8). m of the n rows are
// units, the others padding. Every patch is quantized with a scale of its own.

import { OpRecord, columnsOf } from '../../memory/op-record';
import { Frame } from '../../shared/convolution';
import { flatten } from '../matvec/op';
import { matvecF32 } from '../matvec/f32';
import { matvecInt8 } from '../matvec/int8';
import { quantizeInt16, quantizedSum } from '../quantize/int16';
import { unflatten } from './flat';
import { patchOf, putUnits } from './patch';

/** units ← bias + W patch; `q` is room for the quantized patch. */
type Product = (op: OpRecord, patch: usize, units: usize, q: usize) => void;

export function convolutionF32Op(at: usize, row: i32, rows: i32): void { convolve(at, row, rows, productF32); }
export function convolutionInt8Op(at: usize, row: i32, rows: i32): void { convolve(at, row, rows, productInt8); }

function productF32(op: OpRecord, patch: usize, units: usize, _q: usize): void {
  matvecF32(patch, op.k, op.b, op.c, 64, units, 64, op.n);
}

function productInt8(op: OpRecord, patch: usize, units: usize, q: usize): void {
  const scale = quantizeInt16(patch, 64, columnsOf(op.k) >> 4, q, op.qmax);
  matvecInt8(q, (op.k + 1) >> 1, op.b, op.e + Frame.Bytes, scale, quantizedSum, op.c, 64, units, 64, op.n);
}

function convolve(at: usize, row: i32, rows: i32, product: Product): void {
  const op = changetype<OpRecord>(at), frame = op.e, outWidth = load<i32>(frame, Frame.OutWidth);
  const columns = columnsOf(load<i32>(frame, Frame.Channels) * load<i32>(frame, Frame.Width));
  const outColumns = columnsOf(op.m * outWidth);
  // scratch: x | patch | units | out | q, see scratch.ts
  const patch = op.scratch + (<usize>columns << 2), units = patch + (<usize>columnsOf(op.k) << 2);
  const out = units + (<usize>op.n << 2), q = out + (<usize>outColumns << 2);
  memory.fill(patch, 0, <usize>columnsOf(op.k) << 2);
  memory.fill(out, 0, <usize>outColumns << 2);
  for (let r = row; r < row + rows; r++) {
    const x = op.a + (<usize>r << 6), flat = op.aPanel == 64 ? x : flatten(x, op.aPanel, columns >> 4, op.scratch);
    for (let output = 0; output < outWidth; output++) {
      product(op, patchOf(flat, frame, output, patch), units, q);
      putUnits(units, op.m, frame, output, out);
    }
    unflatten(out, op.d + (<usize>r << 6), op.dPanel, outColumns >> 4);
  }
}
