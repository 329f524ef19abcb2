import { Header, OpEntry, PlanFormat, StateEntry } from '../../assembly/shared/plan.ts';

/** A plan image taken apart, so that a mutator can change one thing and leave the rest consistent. */
export interface PlanParts {
  /** The header's 32-bit words; those that follow from the tables are written anew. */
  readonly header: Uint32Array;
  readonly sections: number[][];
  /** 16 words each; offsets of constants count from the first constant. */
  readonly ops: number[][];
  readonly buffers: number[][];
  /** The offset of a constant counts from the first one too, and from 1: 0 is for none. */
  readonly states: number[][];
  readonly inputs: number[][];
  readonly outputs: number[][];
  constants: Uint8Array;
}

/** In the order of the image. */
export const TABLES = ['sections', 'ops', 'buffers', 'states', 'inputs', 'outputs'] as const;
export type Table = (typeof TABLES)[number];

export const OPERANDS = 5;
const FIRST_OPERAND = OpEntry.Operands / 4;
const BASE_PLAN = 1;
const INITIAL = StateEntry.Initial / 4;

/** Of operand i of an op: the words of (base | index << 8) and of its offset. */
export function operandWords(i: number): [what: number, offset: number] {
  return [FIRST_OPERAND + 2 * i, FIRST_OPERAND + 2 * i + 1];
}

/** `image` must be valid. */
export function takeApart(image: Uint8Array): PlanParts {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const header = Uint32Array.from({ length: PlanFormat.HeaderBytes / 4 }, (_, i) =>
    view.getUint32(4 * i, true),
  );
  const table = (name: Table) => {
    const [count, offset] = countAndOffset(header, name);
    const bytes = entryBytes(name);
    return Array.from({ length: count }, (_, i) =>
      Array.from({ length: bytes / 4 }, (_, word) => view.getUint32(offset + i * bytes + 4 * word, true)),
    );
  };
  const constantsAt = header[Header.Constants / 4 + 1]!;
  const ops = table('ops');
  const states = table('states');
  for (const op of ops) moveConstants(op, -constantsAt);
  for (const state of states) moveInitial(state, 1 - constantsAt);
  return {
    header,
    sections: table('sections'),
    ops,
    buffers: table('buffers'),
    states,
    inputs: table('inputs'),
    outputs: table('outputs'),
    constants: image.slice(constantsAt),
  };
}

/** An image whose counts, offsets and length agree with its tables. */
export function putTogether(parts: PlanParts): Uint8Array {
  const bytes = TABLES.reduce((sum, name) => sum + parts[name].length * entryBytes(name), 0);
  const constantsAt = PlanFormat.HeaderBytes + bytes;
  const image = new Uint8Array(constantsAt + parts.constants.length);
  const view = new DataView(image.buffer);
  const word = (at: number, value: number) => view.setUint32(at, value, true);
  parts.header.forEach((value, i) => {
    word(4 * i, value);
  });
  word(Header.ByteLength, image.length);
  let at: number = PlanFormat.HeaderBytes;
  for (const name of TABLES) {
    word(headerOf(name), parts[name].length);
    word(headerOf(name) + 4, at);
    for (const entry of parts[name]) {
      const words = [...entry];
      if (name === 'ops') moveConstants(words, constantsAt);
      if (name === 'states') moveInitial(words, constantsAt - 1);
      for (const value of words) {
        word(at, value);
        at += 4;
      }
    }
  }
  word(Header.Constants, parts.constants.length);
  word(Header.Constants + 4, at);
  image.set(parts.constants, at);
  return image;
}

function moveConstants(op: number[], by: number): void {
  for (let i = 0; i < OPERANDS; i++) {
    const [what, offset] = operandWords(i);
    if (op[what] === BASE_PLAN) op[offset] = (op[offset]! + by) >>> 0;
  }
}

function moveInitial(state: number[], by: number): void {
  if (state[INITIAL] !== 0) state[INITIAL] = (state[INITIAL]! + by) >>> 0;
}

function countAndOffset(header: Uint32Array, name: Table): [count: number, offset: number] {
  const at = headerOf(name) / 4;
  return [header[at]!, header[at + 1]!];
}

function headerOf(name: Table): number {
  return Header.Sections + 8 * TABLES.indexOf(name);
}

function entryBytes(name: Table): number {
  return name === 'ops' ? PlanFormat.OpBytes : PlanFormat.EntryBytes;
}
