// What an operand of an op may be. Each answers whether it is that, and lies where it must.

import { columnsOf } from '../memory/op-record';
import { Base, InputKind, SectionKind } from '../shared/codes';
import { BufferEntry, Header, InputEntry, OpEntry, PlanFormat, StateEntry } from '../shared/plan';
import { countOf, entry, offsetOf, operandBase, operandIndex, operandOf, operandOffset } from './image';

/** Operand i is nothing. */
export function none(op: usize, i: u32): bool {
  return load<u64>(op + (<usize>i << 3), OpEntry.Operands) == 0;
}

export function constant(plan: usize, op: usize, i: u32, bytes: u64): bool {
  return operandOf(op, i) == Base.Plan && isConstant(plan, operandOffset(op, i), bytes);
}

export function isConstant(plan: usize, at: u32, bytes: u64): bool {
  return (at & 15) == 0 && at >= offsetOf(plan, Header.Constants) && <u64>at + bytes <= load<u32>(plan, Header.ByteLength);
}

/** A constant of the plan, or as many bytes of the session's own weights. */
export function weights(plan: usize, op: usize, i: u32, bytes: u64): bool {
  if (operandOf(op, i) != Base.Private) return constant(plan, op, i, bytes);
  const at = operandOffset(op, i);
  return (at & 15) == 0 && <u64>at + bytes <= countOf(plan, Header.Private);
}

/** Whether an op runs only in a session that has weights of its own. */
export function isPrivate(op: usize): bool {
  return operandOf(op, 1) == Base.Private;
}

/** `columns` columns of a buffer of features of this section. */
export function buffer(plan: usize, op: usize, i: u32, columns: u32, section: u32): bool {
  return operandBase(op, i) == Base.Buffer && isBuffer(plan, op, i, columns, section);
}

/** `columns` columns of a buffer of the encoder, read by an op of the main section. */
export function encoded(plan: usize, op: usize, i: u32, columns: u32, section: u32): bool {
  return section == SectionKind.Main && operandBase(op, i) == Base.Encoded
    && isBuffer(plan, op, i, columns, SectionKind.Encoder);
}

function isBuffer(plan: usize, op: usize, i: u32, columns: u32, section: u32): bool {
  const at = operandIndex(op, i), first = operandOffset(op, i);
  if (at >= countOf(plan, Header.Buffers) || first & 15) return false;
  const table = entry(plan, Header.Buffers, at);
  return load<u32>(table, BufferEntry.Kind) == InputKind.Features && load<u32>(table, BufferEntry.Section) == section
    && <u64>first + columns <= load<u32>(table, BufferEntry.Columns);
}

/** A whole state of this section. */
export function state(plan: usize, op: usize, i: u32, size: u32, section: u32): bool {
  const at = operandIndex(op, i);
  if (operandBase(op, i) != Base.State || at >= countOf(plan, Header.States) || operandOffset(op, i) != 0) return false;
  const table = entry(plan, Header.States, at);
  return load<u32>(table, StateEntry.Size) == size && load<u32>(table, StateEntry.Section) == section;
}

/** A buffer or a state, which has as many columns. */
export function vector(plan: usize, op: usize, i: u32, n: u32, section: u32): bool {
  return buffer(plan, op, i, columnsOf(n), section) || state(plan, op, i, n, section);
}

/** A buffer of tokens of this section, and the input that fills it gives tokens below `vocabulary`. */
export function tokens(plan: usize, op: usize, i: u32, vocabulary: u32, section: u32): bool {
  const at = operandIndex(op, i);
  if (operandBase(op, i) != Base.Buffer || at >= countOf(plan, Header.Buffers) || operandOffset(op, i) != 0) return false;
  if (load<u32>(entry(plan, Header.Buffers, at), BufferEntry.Section) != section) return false;
  for (let j: u32 = 0; j < countOf(plan, Header.Inputs); j++) {
    const input = entry(plan, Header.Inputs, j);
    if (load<u32>(input, InputEntry.Buffer) == at) {
      return load<u32>(input, InputEntry.Kind) == InputKind.Tokens
        && load<u32>(input, InputEntry.Size) <= vocabulary;
    }
  }
  return false;
}

export function isSize(n: u32): bool {
  return n > 0 && n <= <u32>PlanFormat.MaxColumns;
}

export function isWidth(columns: u32): bool {
  return isSize(columns) && (columns & 15) == 0;
}
