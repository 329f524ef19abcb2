// The room that ops share for what lives no longer than one of them.

import { convolutionScratch } from '../kernels/convolution/scratch';
import { int8Scratch } from '../kernels/matvec/op';
import { columnsOf } from '../memory/op-record';
import { blockRows } from '../memory/rows';
import { OpCode } from '../shared/codes';
import { Header, OpEntry } from '../shared/plan';
import { countOf, opEntry, operandOffset } from './image';

/** Bytes for the op of a plan that needs most, in a session of so many rows and timesteps. */
export function scratchBytes(plan: usize, rows: i32, chunk: i32, encoderChunk: i32): u64 {
  let columns: u64 = 16;
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    columns = max(columns, scratchColumns(plan, opEntry(plan, i), rows * max(chunk, encoderChunk), encoderChunk));
  }
  return columns << 2;
}

/** The widest vector that an op flattens or quantizes, and what some want besides. */
function scratchColumns(plan: usize, op: usize, rows: i32, encoderChunk: i32): u64 {
  const k = <u64>columnsOf(load<u32>(op, OpEntry.K)), n = <u64>columnsOf(load<u32>(op, OpEntry.N));
  switch (load<u32>(op, OpEntry.Code)) {
    case OpCode.MatvecF32: return max(k * blockRows(rows), n);
    case OpCode.MatvecInt8: return max(rows == 1 ? k : int8Scratch(load<u32>(op, OpEntry.K), rows), n);
    case OpCode.Attention: return 2 * n + columnsOf(encoderChunk);
    case OpCode.ConvolutionF32:
    case OpCode.ConvolutionInt8:
      return convolutionScratch(plan + operandOffset(op, 4), <i32>load<u32>(op, OpEntry.K), <i32>n, load<u32>(op, OpEntry.M));
    default: return max(k, n);
  }
}
