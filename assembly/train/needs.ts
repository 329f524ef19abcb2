// What training a plan needs room for, and where each part lies: a part begins behind all parts before it.

import { convolutionBackwardScratch } from '../kernels/convolution/scratch';
import { columnsOf } from '../memory/op-record';
import { blockRows } from '../memory/rows';
import { countOf, entry, opEntry, operandBase, operandIndex, operandOf, operandOffset } from '../plan/image';
import { sectionOf } from '../plan/session';
import { Base, Direction, OpCode, SectionKind } from '../shared/codes';
import { BufferEntry, Header, InputEntry, OpEntry, SectionEntry, StateEntry } from '../shared/plan';
import { isCell } from './table';
import { Trainer } from './trainer';

/** Columns of the states before state i. */
export function columnsOfStates(plan: usize, i: u32): u64 {
  let columns: u64 = 0;
  while (i-- > 0) columns += columnsOf(load<u32>(entry(plan, Header.States, i), StateEntry.Size));
  return columns;
}

/** Bytes of the tapes of the states before state i. */
export function tapeBytes(t: Trainer, i: u32): u64 {
  let bytes: u64 = 0;
  while (i-- > 0) {
    const state = entry(t.plan, Header.States, i);
    bytes += <u64>columnsOf(load<u32>(state, StateEntry.Size)) * (tapePanel(t, load<u32>(state, StateEntry.Section)) >> 4);
  }
  return bytes;
}

/** Bytes from a panel of a state's tape to the next: a row block more than there are timesteps. */
export function tapePanel(t: Trainer, section: u32): usize {
  return <usize>(rowsOf(t, section) + t.rows | 1) << 6;
}

/** Rows of all timesteps of a section. */
export function rowsOf(t: Trainer, section: u32): i32 {
  return t.rows * (section == SectionKind.Main ? t.chunk : t.encoderChunk);
}

/** Bytes of the gradients that the buffers before buffer i have. */
export function gradientBytes(t: Trainer, i: u32): u64 {
  let bytes: u64 = 0;
  while (i-- > 0) {
    if (!hasGradient(t.plan, i)) continue;
    const stride = sectionOf(t.plan, i) == SectionKind.Main ? t.panelStride : t.encoderStride;
    bytes += <u64>load<u32>(entry(t.plan, Header.Buffers, i), BufferEntry.Columns) * (stride >> 4);
  }
  return bytes;
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

/** The section of op i. */
export function sectionOfOp(plan: usize, i: u32): u32 {
  const main = load<u32>(entry(plan, Header.Sections, 0), SectionEntry.OpCount);
  return i < main ? SectionKind.Main : SectionKind.Encoder;
}

/** Bytes of the transposed weights of the products before op i. */
export function transposedBytes(t: Trainer, i: u32): u64 {
  let bytes: u64 = 0;
  while (i-- > 0) {
    if (!wantsTranspose(t, i)) continue;
    const op = opEntry(t.plan, i);
    bytes += <u64>columnsOf(load<u32>(op, OpEntry.K)) * load<u32>(op, OpEntry.N) << 2;
  }
  return bytes;
}

/** Whether the gradient of what product i reads is a product of matrices: it is wanted, and has several rows at once. */
export function wantsTranspose(t: Trainer, i: u32): bool {
  const op = opEntry(t.plan, i);
  if (load<u32>(op, OpEntry.Code) != OpCode.MatvecF32) return false;
  if (operandBase(op, 0) == Base.Buffer && isInput(t.plan, operandIndex(op, 0))) return false;
  return (load<u32>(op, OpEntry.Direction) == Direction.None ? rowsOf(t, sectionOfOp(t.plan, i)) : t.rows) > 1;
}

/** Room for a block of rows of the widest gradient, or for one and the four sums of each value that it gives. */
export function scratchBytes(t: Trainer): u64 {
  const rows = t.rows * max(t.chunk, t.encoderChunk);
  let values: u64 = 16;
  for (let i: u32 = 0; i < countOf(t.plan, Header.Ops); i++) {
    const op = opEntry(t.plan, i), code = load<u32>(op, OpEntry.Code);
    const n = <u64>columnsOf(load<u32>(op, OpEntry.N)), k = <u64>columnsOf(load<u32>(op, OpEntry.K));
    values = max(values, max(n * blockRows(rows), n + 4 * k));
    if (code == OpCode.ConvolutionF32) values = max(values, convolutionValues(t.plan, op));
    if (code == OpCode.Attention) values = max(values, 2 * (n + columnsOf(t.encoderChunk)));
  }
  return values << 2;
}

function convolutionValues(plan: usize, op: usize): u64 {
  const k = load<u32>(op, OpEntry.K), n = load<u32>(op, OpEntry.N), m = load<u32>(op, OpEntry.M);
  return convolutionBackwardScratch(plan + operandOffset(op, 4), k, n, m);
}
