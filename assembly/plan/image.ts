// Reading the plan's tables; what stands in them has been validated or is about to be.

import { Header, OpEntry, PlanFormat } from '../shared/plan';

// @ts-ignore: decorator
@inline
export function countOf(plan: usize, table: usize): u32 {
  return load<u32>(plan + table);
}

// @ts-ignore: decorator
@inline
export function offsetOf(plan: usize, table: usize): u32 {
  return load<u32>(plan + table, 4);
}

/** Entry number i of a table of 16-byte entries. */
// @ts-ignore: decorator
@inline
export function entry(plan: usize, table: usize, i: u32): usize {
  return plan + offsetOf(plan, table) + <usize>i * PlanFormat.EntryBytes;
}

// @ts-ignore: decorator
@inline
export function opEntry(plan: usize, i: u32): usize {
  return plan + offsetOf(plan, Header.Ops) + <usize>i * PlanFormat.OpBytes;
}

/** The base of operand i of an op entry; the index of its buffer or state; its offset. */
// @ts-ignore: decorator
@inline
export function operandBase(op: usize, i: u32): u32 {
  return operandOf(op, i) & 0xff;
}

// @ts-ignore: decorator
@inline
export function operandIndex(op: usize, i: u32): u32 {
  return operandOf(op, i) >> 8;
}

// @ts-ignore: decorator
@inline
export function operandOffset(op: usize, i: u32): u32 {
  return load<u32>(op + (<usize>i << 3), OpEntry.Operands + 4);
}

/** Base and index in one word, which two operands share where they lie in the same place. */
// @ts-ignore: decorator
@inline
export function operandOf(op: usize, i: u32): u32 {
  return load<u32>(op + (<usize>i << 3), OpEntry.Operands);
}
