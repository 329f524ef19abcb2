import { Base, OpCode } from '../../assembly/shared/codes.ts';
import { Frame } from '../../assembly/shared/convolution.ts';
import { Header, PlanFormat } from '../../assembly/shared/plan.ts';
import { Random } from '../reference/random.ts';
import { OPERANDS, operandWords, type PlanParts, putTogether, TABLES, takeApart } from './plan-parts.ts';

/**
 * Mutant number `index` of a seed: every second one knows the structure of a plan and changes a few fields of it, its
 * tables and offsets staying consistent; the others have flipped bytes, or their end cut off.
 */
export function mutatePlan(images: readonly Uint8Array[], seed: number, index: number): Uint8Array {
  const random = new Random(Math.imul(seed, 0x9e3779b1) + index);
  const image = random.pick(images);
  return index % 2 === 0 ? mutateStructure(image, random) : mutateBytes(image, random);
}

function mutateStructure(image: Uint8Array, random: Random): Uint8Array {
  const parts = takeApart(image);
  do random.pick(MUTATIONS)(parts, random);
  while (random.uniform() < 0.35);
  const mutant = putTogether(parts);
  if (random.uniform() < 0.08) mutateHeader(mutant, random);
  return mutant;
}

type Mutation = (parts: PlanParts, random: Random) => void;

/** What stands here several times is as many times as likely. */
const MUTATIONS: readonly Mutation[] = [
  changeSize,
  changeSize,
  changeOperandOffset,
  changeOperandOffset,
  changeOperandIndex,
  changeOperandIndex,
  changeMemory,
  changeOperandBase,
  exchangeOperands,
  changeCode,
  changeDirection,
  changeQmax,
  changeEntry,
  changeEntry,
  changeInputSize,
  changeAnyWord,
  swapOps,
  copyOp,
  removeOp,
  changeSections,
  changeSectionOf,
  changeInitial,
  changePrivate,
  changeDescriptor,
  changeDescriptor,
  copyEntry,
  removeEntry,
  changeConstant,
  resizeConstants,
];

const [CODE, DIRECTION, K, N, M, QMAX] = [0, 1, 12, 13, 14, 15];
const CODES = OpCode.Quantize;

function changeSize({ ops }: PlanParts, random: Random): void {
  change(random.pick(ops), random.pick([K, N, M]), random);
}

function changeOperandOffset({ ops, constants }: PlanParts, random: Random): void {
  const op = random.pick(ops);
  const [, offset] = operandWords(random.integer(0, OPERANDS));
  if (random.uniform() < 0.3) op[offset] = (constants.length + 16 * random.integer(-8, 3)) >>> 0;
  else change(op, offset, random);
}

/** Mostly of one that has an index. */
function changeOperandIndex({ ops, buffers, states }: PlanParts, random: Random): void {
  const op = random.pick(ops);
  const all = Array.from({ length: OPERANDS }, (_, i) => operandWords(i)[0]);
  const indexed = all.filter((word) => (op[word]! & 0xff) >= Base.Buffer);
  const what = random.pick(indexed.length > 0 && random.uniform() < 0.9 ? indexed : all);
  const count = Math.max(buffers.length, states.length);
  const index = random.uniform() < 0.8 ? random.integer(0, count + 2) : random.pick([0xff, 0xffff, 0xffffff]);
  op[what] = ((op[what]! & 0xff) | (index << 8)) >>> 0;
}

/** Another buffer, of either section, for an attention to read. */
function changeMemory({ ops, buffers }: PlanParts, random: Random): void {
  const readers = ops.filter(([code]) => code === OpCode.Attention);
  const [memory] = operandWords(1);
  if (readers.length > 0)
    random.pick(readers)[memory] = Base.Encoded | (random.integer(0, buffers.length + 1) << 8);
}

function changeOperandBase({ ops }: PlanParts, random: Random): void {
  const op = random.pick(ops);
  const [what] = operandWords(random.integer(0, OPERANDS));
  op[what] = ((op[what]! & ~0xff) | random.pick([0, 1, 2, 3, 4, 5, 255])) >>> 0;
}

/** Within an op, or between two. */
function exchangeOperands({ ops }: PlanParts, random: Random): void {
  const [a, b] = [random.pick(ops), random.pick(ops)];
  const [to, from] = [operandWords(random.integer(0, OPERANDS)), operandWords(random.integer(0, OPERANDS))];
  for (const i of [0, 1]) [a[to[i]!], b[from[i]!]] = [b[from[i]!]!, a[to[i]!]!];
}

function changeCode({ ops }: PlanParts, random: Random): void {
  random.pick(ops)[CODE] = random.uniform() < 0.9 ? random.integer(0, CODES + 2) : random.bits();
}

/** Of one op, or of all that have one: then the plan may still run. */
function changeDirection({ ops }: PlanParts, random: Random): void {
  const direction = random.pick([0, 1, 2, 2, 3, 4]);
  if (random.uniform() < 0.5) random.pick(ops)[DIRECTION] = direction;
  else for (const op of ops) if (op[DIRECTION] !== 0) op[DIRECTION] = direction;
}

function changeQmax({ ops }: PlanParts, random: Random): void {
  change(random.pick(ops), QMAX, random);
}

function changeEntry(parts: PlanParts, random: Random): void {
  const table = parts[random.pick(TABLES)];
  if (table.length === 0) return;
  const entry = random.pick(table);
  change(entry, random.integer(0, Math.min(entry.length, 3)), random);
}

function changeInputSize({ inputs }: PlanParts, random: Random): void {
  if (inputs.length > 0) change(random.pick(inputs), 2, random);
}

function changeAnyWord(parts: PlanParts, random: Random): void {
  const table = parts[random.pick(TABLES)];
  if (table.length === 0) return;
  const entry = random.pick(table);
  change(entry, random.integer(0, entry.length), random);
}

function swapOps({ ops }: PlanParts, random: Random): void {
  const [i, j] = [random.integer(0, ops.length), random.integer(0, ops.length)];
  [ops[i], ops[j]] = [ops[j]!, ops[i]!];
}

/** The sections count the new op, most of the time. */
function copyOp({ ops, sections }: PlanParts, random: Random): void {
  const at = random.integer(0, ops.length + 1);
  ops.splice(at, 0, [...random.pick(ops)]);
  if (random.uniform() < 0.9) countOps(sections, at, 1);
}

function removeOp({ ops, sections }: PlanParts, random: Random): void {
  if (ops.length < 2) return;
  const at = random.integer(0, ops.length);
  ops.splice(at, 1);
  if (random.uniform() < 0.9) countOps(sections, at, -1);
}

const [FIRST_OP, OP_COUNT] = [0, 1];

/** The section that op `at` belongs to has `by` more of them, and the next one begins so much later. */
function countOps(sections: number[][], at: number, by: number): void {
  const [main, encoder] = sections;
  const isMain = main !== undefined && (encoder === undefined || at < main[OP_COUNT]!);
  const section = isMain ? main : encoder;
  if (section) section[OP_COUNT] = (section[OP_COUNT]! + by) >>> 0;
  if (isMain && encoder) encoder[FIRST_OP] = (encoder[FIRST_OP]! + by) >>> 0;
}

/** One section becomes two, two become one, or the border between them moves; else any number in them. */
function changeSections({ ops, sections }: PlanParts, random: Random): void {
  const way = random.uniform();
  if (way < 0.3) {
    change(random.pick(sections), random.integer(0, 4), random);
    return;
  }
  const border = way < 0.45 ? ops.length : random.integer(0, ops.length + 1);
  sections.splice(0, sections.length, [0, border, 0, 0]);
  if (border < ops.length || way < 0.5) sections.push([border, ops.length - border, 0, 0]);
}

/** The other section, or one that there is not, for a buffer or a state. */
function changeSectionOf({ buffers, states }: PlanParts, random: Random): void {
  const [table, word] = random.uniform() < 0.5 ? ([buffers, 2] as const) : ([states, 1] as const);
  if (table.length > 0) {
    const entry = random.pick(table);
    entry[word] = entry[word] === 0 ? 1 : random.pick([0, 0, 2]);
  }
}

/** What a state begins with: nothing, or a constant, perhaps one near the last. */
function changeInitial({ states, constants }: PlanParts, random: Random): void {
  if (states.length === 0) return;
  const state = random.pick(states);
  state[2] = random.pick([
    0,
    1,
    random.integer(0, constants.length + 64),
    1 + lastConstant(constants, random),
  ]);
}

/** How many bytes of weights a session has of its own, where it has some; or what an op reads of them. */
function changePrivate({ header, ops }: PlanParts, random: Random): void {
  const [what, offset] = operandWords(1);
  const readers = ops.filter((op) => op[what] === Base.Private);
  if (readers.length === 0) return;
  const at = Header.Private / 4;
  if (random.uniform() < 0.5) header[at] = near(header[at]!, random);
  else random.pick(readers)[offset] = Math.max(0, header[at]! + 64 * random.integer(-8, 3));
}

function lastConstant(constants: Uint8Array, random: Random): number {
  return Math.max(0, (constants.length + 16 * random.integer(-8, 3)) & ~15);
}

const FRAME_OPS: readonly number[] = [
  OpCode.ConvolutionF32,
  OpCode.ConvolutionInt8,
  OpCode.MaxPool,
  OpCode.AveragePool,
];

/** A word of the frame of a convolution or of pooling, which is a constant. */
function changeDescriptor({ ops, constants }: PlanParts, random: Random): void {
  const framed = ops.filter(([code]) => FRAME_OPS.includes(code!));
  if (framed.length === 0) return;
  const [, offset] = operandWords(OPERANDS - 1);
  const at = random.pick(framed)[offset]! + 4 * random.integer(0, Frame.Bytes / 4);
  if (at + 4 > constants.length) return;
  const view = new DataView(constants.buffer, constants.byteOffset);
  view.setUint32(at, near(view.getUint32(at, true), random), true);
}

const NAMED = ['buffers', 'states', 'inputs', 'outputs'] as const;

function copyEntry(parts: PlanParts, random: Random): void {
  const table = parts[random.pick(NAMED)];
  if (table.length > 0) table.splice(random.integer(0, table.length + 1), 0, [...random.pick(table)]);
}

function removeEntry(parts: PlanParts, random: Random): void {
  const table = parts[random.pick(NAMED)];
  if (table.length > 0) table.splice(random.integer(0, table.length), 1);
}

function changeConstant({ constants }: PlanParts, random: Random): void {
  if (constants.length === 0) return;
  constants[random.integer(0, constants.length)] = random.pick([
    0,
    1,
    0x7f,
    0x80,
    0xff,
    random.integer(0, 256),
  ]);
}

/** Cut off or made longer by a little, by a panel, or anywhere. */
function resizeConstants(parts: PlanParts, random: Random): void {
  const { constants } = parts;
  const by = random.pick([-1, -4, -16, -64, 16, 64, -random.integer(0, constants.length + 1)]);
  const resized = new Uint8Array(Math.max(0, constants.length + by));
  resized.set(constants.subarray(0, resized.length));
  parts.constants = resized;
}

function change(words: number[], at: number, random: Random): void {
  words[at] = near(words[at]!, random);
}

/** Edges of panels, blocks, tables and number formats. */
const BOUNDARIES = [
  0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 48, 64, 128, 255, 256, 4095, 4096, 4097, 65535, 65536, 0xfffff,
  0x100000, 0x100001, 0x100010, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];
const STEPS = [1, 2, 3, 4, 15, 16, 16, 16, 17, 32, 48, 64, 256, 4096];

function near(value: number, random: Random): number {
  const way = random.uniform();
  if (way < 0.35) return random.pick(BOUNDARIES);
  if (way < 0.85) return (value + random.pick(STEPS) * random.pick([1, -1])) >>> 0;
  if (way < 0.95) return (random.uniform() < 0.5 ? value * 2 : value / 2) >>> 0;
  return (value ^ (1 << random.integer(0, 32))) >>> 0;
}

function mutateHeader(image: Uint8Array, random: Random): void {
  const view = new DataView(image.buffer);
  const at = 4 * random.integer(0, PlanFormat.HeaderBytes / 4);
  view.setUint32(at, near(view.getUint32(at, true), random), true);
}

/** In the tables or anywhere, since anywhere is mostly among the weights. */
function mutateBytes(image: Uint8Array, random: Random): Uint8Array {
  if (random.uniform() < 0.1) return image.slice(0, random.integer(0, image.length));
  const mutant = image.slice();
  const constantsAt = new DataView(mutant.buffer).getUint32(Header.Constants + 4, true);
  const first = random.uniform() < 0.6 ? PlanFormat.HeaderBytes : 0;
  const end = random.uniform() < 0.7 ? constantsAt : mutant.length;
  do {
    const at = random.integer(first, end);
    mutant[at] = random.uniform() < 0.5 ? mutant[at]! ^ (1 << random.integer(0, 8)) : random.integer(0, 256);
  } while (random.uniform() < 0.5);
  return mutant;
}
