// Whether an op of the plan has the operands of its signature, and what else some ops want.

import { largestRowSum } from '../kernels/pack/int8';
import { columnsOf } from '../memory/op-record';
import { Base, Direction, OpCode, SectionKind, Status } from '../shared/codes';
import { OpEntry, PlanFormat } from '../shared/plan';
import { isConvolution, isFramePool } from './frame-ops';
import { operandBase, operandIndex, operandOffset } from './image';
import { buffer, constant, encoded, isSize, none, state, tokens, vector, weights } from './operands';
import {
  ANY, BIAS, BUFFER, CODES, CONSTANT, ENCODED, HAS_K, HAS_QMAX, K, K_AND_N, K_BLOCKS, LINE, MAIN_STATE, MATRIX,
  MATRIX_INT8, MAY_HAVE_K, MAY_HAVE_M, M_AND_N, N2, N4, N_AND_1, OPTIONAL, PARAMETERS, SIGNATURES, STATE, TOKENS, VECTOR,
  WEIGHTS, WIDE,
} from './signatures';

/** An op of a section. */
export function checkOp(plan: usize, op: usize, section: SectionKind): i32 {
  const code = load<u32>(op, OpEntry.Code);
  if (!isDirection(op, section)) return Status.BadDirection;
  if (code == 0 || code > CODES) return Status.BadOpCode;
  const line = SIGNATURES + <usize>code * LINE;
  if (!hasSizes(op, load<u8>(line))) return Status.BadSize;
  for (let i: u32 = 0; i < 5; i++) {
    if (!isOperand(plan, op, i, load<u8>(line + i, 1), section)) return Status.BadOperand;
  }
  if (!isSound(plan, op, code, section)) return Status.BadOperand;
  return load<u8>(line) & HAS_QMAX ? checkQmax(plan, op) : Status.Ok;
}

function hasSizes(op: usize, sizes: u32): bool {
  const k = load<u32>(op, OpEntry.K), n = load<u32>(op, OpEntry.N), m = load<u32>(op, OpEntry.M);
  if (!isSize(n) || sizes & WIDE && n & 15) return false;
  if (sizes & HAS_K ? !isSize(k) : k != 0 && (!(sizes & MAY_HAVE_K) || !isSize(k))) return false;
  if (m != 0 && (!(sizes & MAY_HAVE_M) || !isSize(m))) return false;
  return (sizes & HAS_QMAX) != 0 || load<u32>(op, OpEntry.Qmax) == 0;
}

/** A state has rows for one timestep only, so who touches one goes timestep by timestep. */
function isDirection(op: usize, section: SectionKind): bool {
  const direction = load<u32>(op, OpEntry.Direction), code = load<u32>(op, OpEntry.Code);
  if (code == OpCode.CopyState) return direction == Direction.Once && section == SectionKind.Encoder;
  if (direction > <u32>Direction.Backward) return false;
  if (direction != Direction.None) return true;
  for (let i = 0; i < 5; i++) if (operandBase(op, i) == Base.State) return false;
  return true;
}

function isOperand(plan: usize, op: usize, i: u32, signature: u32, section: SectionKind): bool {
  const what = signature & 0xf0, count = valuesOf(op, signature & 15);
  // what an op's own check looks at
  if (what != 0 && (signature & 15) == ANY) return true;
  if (count > <u64>PlanFormat.MaxColumns && what != CONSTANT && what != WEIGHTS) return false;
  const values = <u32>count;
  switch (what) {
    case BUFFER: return buffer(plan, op, i, columnsOf(values), section);
    case STATE: return state(plan, op, i, values, section);
    case VECTOR: return vector(plan, op, i, values, section);
    case OPTIONAL:
      if (none(op, i)) return true;
    case CONSTANT: return constant(plan, op, i, paddedValues(count, signature & 15) * 4);
    case WEIGHTS: return weights(plan, op, i, count * 4);
    case ENCODED: return encoded(plan, op, i, columnsOf(values), section);
    case TOKENS: return tokens(plan, op, i, values, section);
    case MAIN_STATE: return state(plan, op, i, values, SectionKind.Main);
    default: return none(op, i);
  }
}

/** Bytes of operand i, a constant, without its padding; 0 of a descriptor. */
export function constantBytes(op: usize, i: u32): u64 {
  const size = load<u8>(SIGNATURES + <usize>load<u32>(op, OpEntry.Code) * LINE + i, 1) & 15;
  return size == ANY ? 0 : valuesOf(op, size) * 4;
}

/** A constant vector has the padding of its last panel too. */
function paddedValues(values: u64, size: u32): u64 {
  return size == PARAMETERS || size == MATRIX || size == MATRIX_INT8 ? values : values + 15 & ~15;
}

/** Values of an operand. */
function valuesOf(op: usize, size: u32): u64 {
  const k = <u64>load<u32>(op, OpEntry.K), n = <u64>load<u32>(op, OpEntry.N), m = <u64>load<u32>(op, OpEntry.M);
  const width = <u64>columnsOf(<u32>n);
  if (size >= N2 && size <= N4) return size * width;
  switch (size) {
    case K: return k;
    case K_AND_N: return k + n;
    case M_AND_N: return m + n;
    case N_AND_1: return n + 1;
    case K_BLOCKS: return k * width;
    case PARAMETERS: return 4;
    case MATRIX: return k * n;
    case MATRIX_INT8: return (k + 1 >> 1) * n + 1 >> 1;
    case BIAS: return max(n, m);
    default: return n;
  }
}

/** What the signature does not say. */
function isSound(plan: usize, op: usize, code: u32, section: SectionKind): bool {
  const n = load<u32>(op, OpEntry.N), m = load<u32>(op, OpEntry.M);
  switch (code) {
    case OpCode.MatvecF32:
    case OpCode.MatvecInt8: return none(op, 2) ? m == 0 : m >= n && (m & 15) == 0;
    case OpCode.CopyColumns: return operandIndex(op, 0) != operandIndex(op, 1);
    case OpCode.LayerNorm: return load<u32>(op, OpEntry.K) <= 4 && operandIndex(op, 0) != operandIndex(op, 3);
    case OpCode.ConvolutionF32:
    case OpCode.ConvolutionInt8: return isConvolution(plan, op, section);
    case OpCode.MaxPool:
    case OpCode.AveragePool: return isFramePool(plan, op, section);
    default: return true;
  }
}

function checkQmax(plan: usize, op: usize): i32 {
  const sum = largestRowSum(plan + operandOffset(op, 1), load<u32>(op, OpEntry.N), (load<u32>(op, OpEntry.K) + 1) >> 1);
  return load<u32>(op, OpEntry.Qmax) == qmaxOf(sum) ? Status.Ok : Status.Int8Overflow;
}

/** The largest activation for which no int32 sum can overflow: min(32767, ⌊(2³¹ - 1) / largest Σ|w| of a row⌋). */
export function qmaxOf(largestSum: u32): u32 {
  return largestSum == 0 ? 32767 : min<u32>(32767, 0x7fffffff / largestSum);
}
