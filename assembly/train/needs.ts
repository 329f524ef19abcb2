// What training a plan needs room for, and where each part lies: a part begins behind all parts before it.

import { columnsOf } from '../memory/op-record';
import { blockRows } from '../memory/rows';
import { countOf, entry, opEntry, operandBase, operandIndex, operandOf } from '../plan/image';
import { Base, Direction, OpCode } from '../shared/codes';
import { BufferEntry, Header, InputEntry, OpEntry, StateEntry } from '../shared/plan';
import { isCell } from './table';

/** Columns of the states before state i. */
export function columnsOfStates(plan: usize, i: u32): u64 {
  let columns: u64 = 0;
  while (i-- > 0) columns += columnsOf(load<u32>(entry(plan, Header.States, i), StateEntry.Size));
  return columns;
}

/** Columns that the gradients of the buffers before buffer i have. */
export function columnsOfGradients(plan: usize, i: u32): u64 {
  let columns: u64 = 0;
  while (i-- > 0) if (hasGradient(plan, i)) columns += load<u32>(entry(plan, Header.Buffers, i), BufferEntry.Columns);
  return columns;
}

/** Whether a buffer has a gradient of its own: an input has none, and that of gates takes their place. */
function hasGradient(plan: usize, buffer: u32): bool {
  return !isInput(plan, buffer) && !isGates(plan, buffer);
}

export function isInput(plan: usize, buffer: u32): bool {
  for (let i: u32 = 0; i < countOf(plan, Header.Inputs); i++) {
    if (load<u32>(entry(plan, Header.Inputs, i), InputEntry.Buffer) == buffer) return true;
  }
  return false;
}

export function isGates(plan: usize, buffer: u32): bool {
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    const op = opEntry(plan, i);
    if (isCell(load<u32>(op, OpEntry.Code)) && operandOf(op, 0) == (Base.Buffer | buffer << 8)) return true;
  }
  return false;
}

/** Bytes of the transposed weights of the products before op i. `rows` of the whole window, `streams` of a timestep. */
export function transposedBytes(plan: usize, i: u32, rows: i32, streams: i32): u64 {
  let bytes: u64 = 0;
  while (i-- > 0) {
    if (!wantsTranspose(plan, i, rows, streams)) continue;
    const op = opEntry(plan, i);
    bytes += <u64>columnsOf(load<u32>(op, OpEntry.K)) * load<u32>(op, OpEntry.N) << 2;
  }
  return bytes;
}

/** Whether the gradient of what product i reads is a product of matrices: it is wanted, and has several rows at once. */
export function wantsTranspose(plan: usize, i: u32, rows: i32, streams: i32): bool {
  const op = opEntry(plan, i);
  if (load<u32>(op, OpEntry.Code) != OpCode.MatvecF32) return false;
  if (operandBase(op, 0) == Base.Buffer && isInput(plan, operandIndex(op, 0))) return false;
  return (load<u32>(op, OpEntry.Direction) == Direction.None ? rows : streams) > 1;
}

/** Room for a block of rows of the widest gradient, or for one and the four sums of each value that it gives. */
export function scratchBytes(plan: usize, rows: i32): u64 {
  let values: u64 = 16;
  for (let i: u32 = 0; i < countOf(plan, Header.Ops); i++) {
    const op = opEntry(plan, i), n = <u64>columnsOf(load<u32>(op, OpEntry.N));
    values = max(values, max(n * blockRows(rows), n + 4 * <u64>columnsOf(load<u32>(op, OpEntry.K))));
  }
  return values << 2;
}
