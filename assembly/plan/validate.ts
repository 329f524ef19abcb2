// A plan comes from outside and is executed through raw pointers: here, once, every count, offset, size, code and the
// int8 overflow bound are checked, so that nothing that runs later can leave the plan and its session.

import { largestRowSum } from '../kernels/pack/int8';
import { columnsOf } from '../memory/op-record';
import { Base, Direction, InputKind, OpCode, Status } from '../shared/codes';
import {
  BufferEntry, Header, InputEntry, OpEntry, OutputEntry, PlanFormat, SectionEntry, StateEntry,
} from '../shared/plan';
import {
  countOf, entry, offsetOf, opEntry, operandBase, operandIndex, operandOf, operandOffset,
} from './image';

/** The number of the op, buffer, state, input or output that validate() refused. */
export let refusedIndex: i32 = -1;

/** Answers Status.Ok where the `bytes` bytes at `plan` are a plan that is safe to run. */
export function validate(plan: usize, bytes: u32): i32 {
  refusedIndex = -1;
  let status = checkHeader(plan, bytes);
  if (status == Status.Ok) status = checkBuffers(plan);
  if (status == Status.Ok) status = checkStates(plan);
  if (status == Status.Ok) status = checkInputs(plan);
  if (status == Status.Ok) status = checkOutputs(plan);
  for (let i: u32 = 0; status == Status.Ok && i < countOf(plan, Header.Ops); i++) {
    refusedIndex = i;
    status = checkOp(plan, opEntry(plan, i));
  }
  return status;
}

/** The tables follow each other without holes, so every offset is known from the counts. */
function checkHeader(plan: usize, bytes: u32): i32 {
  if (bytes < <u32>PlanFormat.HeaderBytes || bytes > 0x40000000 || plan & 15) return Status.BadHeader;
  if (load<u32>(plan, Header.Magic) != PlanFormat.Magic) return Status.BadHeader;
  if (load<u32>(plan, Header.Version) != PlanFormat.Version) return Status.BadHeader;
  if (load<u32>(plan, Header.ByteLength) != bytes || load<u32>(plan, 12) != 0) return Status.BadHeader;
  for (let i: usize = Header.Constants + 8; i < <usize>PlanFormat.HeaderBytes; i += 8) {
    if (load<u64>(plan + i) != 0) return Status.BadHeader;
  }
  let at: u32 = PlanFormat.HeaderBytes;
  for (let table: usize = Header.Sections; table < <usize>Header.Constants; table += 8) {
    const count = countOf(plan, table);
    if (count > <u32>PlanFormat.MaxEntries || offsetOf(plan, table) != at) return Status.BadTable;
    at += count * (table == Header.Ops ? PlanFormat.OpBytes : PlanFormat.EntryBytes);
    if (at > bytes) return Status.BadTable;
  }
  // of the constants: (bytes, offset)
  if (offsetOf(plan, Header.Constants) != at || countOf(plan, Header.Constants) != bytes - at) return Status.BadTable;
  const section = entry(plan, Header.Sections, 0), ops = countOf(plan, Header.Ops);
  if (countOf(plan, Header.Sections) != 1 || ops == 0) return Status.BadSection;
  if (load<u32>(section, SectionEntry.FirstOp) != 0 || load<u32>(section, SectionEntry.OpCount) != ops) {
    return Status.BadSection;
  }
  return load<u64>(section, 8) == 0 ? Status.Ok : Status.BadSection;
}

function checkBuffers(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.Buffers); i++) {
    refusedIndex = i;
    const buffer = entry(plan, Header.Buffers, i);
    const columns = load<u32>(buffer, BufferEntry.Columns), kind = load<u32>(buffer, BufferEntry.Kind);
    const fits = kind == InputKind.Tokens ? columns == 1 : kind == InputKind.Features && isWidth(columns);
    if (!fits || load<u64>(buffer, 8) != 0) return Status.BadBuffer;
  }
  return Status.Ok;
}

function checkStates(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.States); i++) {
    refusedIndex = i;
    const state = entry(plan, Header.States, i);
    if (!isSize(load<u32>(state, StateEntry.Size)) || load<u32>(state, 4) != 0 || load<u64>(state, 8) != 0) {
      return Status.BadState;
    }
  }
  return Status.Ok;
}

function checkInputs(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.Inputs); i++) {
    refusedIndex = i;
    const input = entry(plan, Header.Inputs, i);
    const index = load<u32>(input, InputEntry.Buffer), kind = load<u32>(input, InputEntry.Kind);
    const size = load<u32>(input, InputEntry.Size);
    if (index >= countOf(plan, Header.Buffers) || !isSize(size) || load<u32>(input, 12) != 0) return Status.BadInput;
    const buffer = entry(plan, Header.Buffers, index);
    if (load<u32>(buffer, BufferEntry.Kind) != kind) return Status.BadInput;
    if (kind == InputKind.Features && load<u32>(buffer, BufferEntry.Columns) != columnsOf(size)) {
      return Status.BadInput;
    }
    for (let j: u32 = 0; j < i; j++) {
      if (load<u32>(entry(plan, Header.Inputs, j), InputEntry.Buffer) == index) return Status.BadInput;
    }
  }
  return Status.Ok;
}

function checkOutputs(plan: usize): i32 {
  for (let i: u32 = 0; i < countOf(plan, Header.Outputs); i++) {
    refusedIndex = i;
    const output = entry(plan, Header.Outputs, i), index = load<u32>(output, OutputEntry.Buffer);
    const size = load<u32>(output, OutputEntry.Size);
    if (index >= countOf(plan, Header.Buffers) || !isSize(size) || load<u64>(output, 8) != 0) return Status.BadOutput;
    const buffer = entry(plan, Header.Buffers, index);
    if (load<u32>(buffer, BufferEntry.Kind) != InputKind.Features) return Status.BadOutput;
    if (size > load<u32>(buffer, BufferEntry.Columns)) return Status.BadOutput;
  }
  return Status.Ok;
}

function checkOp(plan: usize, op: usize): i32 {
  const direction = load<u32>(op, OpEntry.Direction);
  if (direction > <u32>Direction.Backward) return Status.BadDirection;
  // A state has rows for one timestep only, so who touches one goes timestep by timestep.
  for (let i = 0; i < 5; i++) {
    if (operandBase(op, i) == Base.State && direction == Direction.None) return Status.BadDirection;
  }
  const k = load<u32>(op, OpEntry.K), n = load<u32>(op, OpEntry.N), code = load<u32>(op, OpEntry.Code);
  const isMatvec = code == OpCode.MatvecF32 || code == OpCode.MatvecInt8;
  if (!isSize(n) || (isMatvec || code == OpCode.Embedding ? !isSize(k) : k != 0)) return Status.BadSize;
  if (!isMatvec && load<u32>(op, OpEntry.BiasColumns) != 0) return Status.BadSize;
  if (code != OpCode.MatvecInt8 && load<u32>(op, OpEntry.Qmax) != 0) return Status.BadSize;
  const width = columnsOf(n);
  let fits: bool;
  switch (code) {
    case OpCode.Embedding: fits = isEmbedding(plan, op, k, n); break;
    case OpCode.MatvecF32: fits = isMatvecF32(plan, op, k, n); break;
    case OpCode.MatvecInt8:
      if (!isMatvecInt8(plan, op, k, n)) return Status.BadOperand;
      return checkQmax(plan, op, k, n);
    case OpCode.Sigmoid:
    case OpCode.Tanh:
    case OpCode.Relu:
    case OpCode.Softmax: fits = buffer(plan, op, 0, width) && buffer(plan, op, 1, width) && absent(op, 2); break;
    case OpCode.RnnTanh:
    case OpCode.RnnRelu: fits = isCell(plan, op, 1, n) && absent(op, 3); break;
    case OpCode.GruReset:
    case OpCode.GruBefore: fits = isCell(plan, op, 3, n) && absent(op, 3); break;
    case OpCode.GruAfter: fits = isCell(plan, op, 4, n) && absent(op, 3); break;
    case OpCode.Lstm:
      fits = buffer(plan, op, 0, 4 * width) && state(plan, op, 1, n) && state(plan, op, 2, n)
        && buffer(plan, op, 3, width) && absent(op, 4);
      break;
    default: return Status.BadOpCode;
  }
  return fits ? Status.Ok : Status.BadOperand;
}

/** a = gates, b = h, c = y */
function isCell(plan: usize, op: usize, gates: u32, n: u32): bool {
  const width = columnsOf(n);
  return buffer(plan, op, 0, gates * width) && state(plan, op, 1, n) && buffer(plan, op, 2, width);
}

/** a = tokens, b = table, c = out */
function isEmbedding(plan: usize, op: usize, k: u32, n: u32): bool {
  if (!isWidth(n) || !tokens(plan, op, 0, k)) return false;
  return constant(plan, op, 1, <u64>k * n * 4) && buffer(plan, op, 2, n) && absent(op, 3);
}

/** a = x, b = W, c = bias or nothing, d = out */
function isMatvecF32(plan: usize, op: usize, k: u32, n: u32): bool {
  return isProduct(plan, op, k, n) && constant(plan, op, 1, <u64>k * n * 4) && absent(op, 4);
}

/** a = x, b = W, c = bias or nothing, d = out, e = scales */
function isMatvecInt8(plan: usize, op: usize, k: u32, n: u32): bool {
  const pairs = <u64>(k + 1) >> 1;
  return isProduct(plan, op, k, n) && constant(plan, op, 1, pairs * n * 2) && constant(plan, op, 4, <u64>n * 4);
}

function isProduct(plan: usize, op: usize, k: u32, n: u32): bool {
  const biasColumns = load<u32>(op, OpEntry.BiasColumns), width = max(n, biasColumns);
  if (!isWidth(n) || !(buffer(plan, op, 0, columnsOf(k)) || state(plan, op, 0, k))) return false;
  if (!buffer(plan, op, 3, width)) return false;
  if (biasColumns == 0) return operandBase(op, 2) == Base.None && operandOffset(op, 2) == 0;
  return isWidth(biasColumns) && biasColumns >= n && constant(plan, op, 2, <u64>biasColumns * 4);
}

function checkQmax(plan: usize, op: usize, k: u32, n: u32): i32 {
  const sum = largestRowSum(plan + operandOffset(op, 1), n, (k + 1) >> 1);
  return load<u32>(op, OpEntry.Qmax) == qmaxOf(sum) ? Status.Ok : Status.Int8Overflow;
}

/** The largest activation for which no int32 sum can overflow: min(32767, ⌊(2³¹ - 1) / largest Σ|w| of a row⌋). */
export function qmaxOf(largestSum: u32): u32 {
  return largestSum == 0 ? 32767 : min<u32>(32767, 0x7fffffff / largestSum);
}

/** Operand i and all after it are nothing. */
function absent(op: usize, i: u32): bool {
  for (; i < 5; i++) if (load<u64>(op + (<usize>i << 3), OpEntry.Operands) != 0) return false;
  return true;
}

function constant(plan: usize, op: usize, i: u32, bytes: u64): bool {
  const at = operandOffset(op, i);
  return operandOf(op, i) == Base.Plan && (at & 15) == 0
    && at >= offsetOf(plan, Header.Constants) && <u64>at + bytes <= load<u32>(plan, Header.ByteLength);
}

function buffer(plan: usize, op: usize, i: u32, columns: u32): bool {
  const at = operandIndex(op, i), first = operandOffset(op, i);
  if (operandBase(op, i) != Base.Buffer || at >= countOf(plan, Header.Buffers) || first & 15) return false;
  const table = entry(plan, Header.Buffers, at);
  return load<u32>(table, BufferEntry.Kind) == InputKind.Features
    && <u64>first + columns <= load<u32>(table, BufferEntry.Columns);
}

function state(plan: usize, op: usize, i: u32, size: u32): bool {
  const at = operandIndex(op, i);
  return operandBase(op, i) == Base.State && at < countOf(plan, Header.States) && operandOffset(op, i) == 0
    && load<u32>(entry(plan, Header.States, at), StateEntry.Size) == size;
}

/** A buffer of tokens, and the input that fills it gives tokens below `vocabulary`. */
function tokens(plan: usize, op: usize, i: u32, vocabulary: u32): bool {
  const at = operandIndex(op, i);
  if (operandBase(op, i) != Base.Buffer || at >= countOf(plan, Header.Buffers) || operandOffset(op, i) != 0) return false;
  for (let j: u32 = 0; j < countOf(plan, Header.Inputs); j++) {
    const input = entry(plan, Header.Inputs, j);
    if (load<u32>(input, InputEntry.Buffer) == at) {
      return load<u32>(input, InputEntry.Kind) == InputKind.Tokens
        && load<u32>(input, InputEntry.Size) <= vocabulary;
    }
  }
  return false;
}

function isSize(n: u32): bool {
  return n > 0 && n <= <u32>PlanFormat.MaxColumns;
}

function isWidth(columns: u32): bool {
  return isSize(columns) && (columns & 15) == 0;
}
