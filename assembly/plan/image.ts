// Reading the plan's tables; what stands in them has been validated or is about to be.

import { Header, PlanFormat } from '../shared/plan';

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
