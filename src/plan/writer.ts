import { Base, Direction, InputKind, type OpCode, SectionKind } from '../../assembly/shared/codes.ts';
import { Header, OpEntry, PlanFormat } from '../../assembly/shared/plan.ts';
import type { Factors } from '../adapters/low-rank.ts';
import type { Tensor } from '../graph/definition.ts';

/** A range of columns of a buffer, or a whole state: what an op reads or writes. */
export type Operand =
  | { readonly base: Base.Buffer; readonly index: number; readonly column: number }
  | { readonly base: Base.State; readonly index: number }
  | { readonly base: Base.Encoded; readonly index: number; readonly column: number }
  | { readonly base: Base.Plan; readonly offset: number }
  | { readonly base: Base.Private; readonly offset: number };

export interface Op {
  readonly code: OpCode;
  readonly direction: Direction;
  /** At most five; `undefined` where an op takes none. */
  readonly operands: readonly (Operand | undefined)[];
  readonly k?: number;
  readonly n: number;
  /** A third size: the columns of a bias, the first column that a copy writes. */
  readonly m?: number;
  /** The packed int8 matrix whose bound on activations belongs into the record; known once it is packed. */
  readonly qmaxOf?: Constant;
}

/** Some rows of a tensor, and the row of the packed matrix where they go (a multiple of 16). */
export interface RowRange {
  readonly tensor: Tensor;
  readonly from: number;
  readonly rows: number;
  readonly to: number;
  /** For each column of the packed matrix that of the tensor; the same order without it. */
  readonly columns?: Uint32Array;
}

/** Elements from, from + 1, … of a tensor, and the value where they go: what a training writes back. */
export interface ValueRange {
  readonly tensor: Tensor;
  readonly from: number;
  readonly length: number;
  readonly to: number;
}

/** Values laid out for an op, and the tensors that they are elements of; a value may belong to none. */
export interface Values {
  readonly values: Float32Array;
  readonly sources: readonly ValueRange[];
}

/** What the constants hold: plain values, words, or a matrix that the module packs out of row-major tensors. */
export type Constant = { readonly offset: number } & (
  | ({ readonly kind: 'values' } & Values)
  | { readonly kind: 'words'; readonly words: Uint32Array }
  | { readonly kind: 'panels'; readonly n: number; readonly k: number; readonly ranges: readonly RowRange[] }
  | { readonly kind: 'int8'; readonly n: number; readonly k: number; readonly ranges: readonly RowRange[] }
);

/** A factor of an adapter among the weights of a session's own: panels [n, k] at `offset`. */
export interface PrivateMatrix {
  readonly offset: number;
  /** The name of the matrix that is adapted. */
  readonly matrix: string;
  readonly factor: keyof Factors;
  readonly n: number;
  readonly k: number;
  /** Of the factor's rows; none for any column. */
  readonly ranges: readonly Pick<RowRange, 'from' | 'rows' | 'to'>[];
}

export interface StateInfo {
  readonly name: string;
  readonly size: number;
  readonly section: SectionKind;
}

/** `n` rounded up to whole panels of 16 columns. */
export function columnsOf(n: number): number {
  return Math.ceil(n / PlanFormat.Panel) * PlanFormat.Panel;
}

/**
 * Collects what a plan consists of while the graph is lowered, then writes its tables. The constants are described,
 * not written: packing them is the module's work.
 */
export class PlanWriter {
  readonly states: StateInfo[] = [];
  readonly constants: Constant[] = [];
  /** Of adapters, without the weights of which their ops do not run. */
  readonly privateMatrices: PrivateMatrix[] = [];
  #ops: [main: Op[], encoder: Op[]] = [[], []];
  #buffers: { columns: number; kind: InputKind; section: SectionKind }[] = [];
  #inputs: { buffer: number; kind: InputKind; size: number; section: SectionKind }[] = [];
  #outputs: { buffer: number; size: number }[] = [];
  #initial = new Map<number, Operand & { base: Base.Plan }>();
  #constantBytes = 0;
  #privateBytes = 0;
  #section: SectionKind = SectionKind.Main;
  #loops = 0;

  /** Whatever `lower` writes belongs to the encoder. */
  encoder(lower: () => void): void {
    this.#section = SectionKind.Encoder;
    lower();
    this.#section = SectionKind.Main;
  }

  get section(): SectionKind {
    return this.#section;
  }

  /** All ops from here to the end of the loop go forward, timestep by timestep. Loops may overlap. */
  beginLoop(): void {
    this.#loops++;
  }

  endLoop(): void {
    this.#loops--;
  }

  /** The ops of the main section, then those of the encoder. */
  get ops(): readonly Op[] {
    return this.#ops.flat();
  }

  /** A buffer of at least `size` columns; the operand is all of it. */
  buffer(size: number): Operand & { base: Base.Buffer } {
    return this.#buffer(columnsOf(size), InputKind.Features);
  }

  input(kind: 'features' | 'tokens', size: number): Operand & { base: Base.Buffer } {
    const code = kind === 'tokens' ? InputKind.Tokens : InputKind.Features;
    const buffer = this.#buffer(kind === 'tokens' ? 1 : columnsOf(size), code);
    this.#inputs.push({ buffer: buffer.index, kind: code, size, section: this.#section });
    return buffer;
  }

  output(operand: Operand & { base: Base.Buffer }, size: number): void {
    this.#outputs.push({ buffer: operand.index, size });
  }

  /** @param initial what it begins with, padded to whole panels; zeros by default */
  state(name: string, size: number, initial?: Values): Operand & { base: Base.State } {
    this.states.push({ name, size, section: this.#section });
    const index = this.states.length - 1;
    if (initial) this.#initial.set(index, this.values(initial));
    return { base: Base.State, index };
  }

  values({ values, sources }: Values): Operand & { base: Base.Plan } {
    const constant: Constant = { kind: 'values', values, sources, offset: this.#constantBytes };
    return this.#constant(constant, values.length * 4);
  }

  /** Up to four parameters of an op. */
  parameters(...numbers: readonly number[]): Operand & { base: Base.Plan } {
    return this.values({ values: Float32Array.from({ length: 4 }, (_, i) => numbers[i] ?? 0), sources: [] });
  }

  /** Integers, or the bits of other numbers: a descriptor. */
  words(words: Uint32Array): Operand & { base: Base.Plan } {
    return this.#constant({ kind: 'words', words, offset: this.#constantBytes }, words.byteLength);
  }

  panels(n: number, k: number, ranges: readonly RowRange[]): Operand {
    return this.#constant({ kind: 'panels', n, k, ranges, offset: this.#constantBytes }, n * k * 4);
  }

  int8(n: number, k: number, ranges: readonly RowRange[]): { operand: Operand; constant: Constant } {
    const constant: Constant = { kind: 'int8', n, k, ranges, offset: this.#constantBytes };
    return { operand: this.#constant(constant, n * Math.ceil(k / 2) * 2), constant };
  }

  privatePanels(matrix: Omit<PrivateMatrix, 'offset'>): Operand {
    const offset = this.#privateBytes;
    this.privateMatrices.push({ ...matrix, offset });
    this.#privateBytes += matrix.n * matrix.k * 4;
    return { base: Base.Private, offset };
  }

  /** Of the weights of a session's own. */
  get privateBytes(): number {
    return this.#privateBytes;
  }

  op(op: Op): void {
    const inLoop = this.#loops > 0 && op.direction === Direction.None;
    this.#ops[this.#section].push(inLoop ? { ...op, direction: Direction.Forward } : op);
  }

  get constantsOffset(): number {
    const entries =
      this.#sections.length +
      this.#buffers.length +
      this.states.length +
      this.#inputs.length +
      this.#outputs.length;
    return PlanFormat.HeaderBytes + entries * PlanFormat.EntryBytes + this.ops.length * PlanFormat.OpBytes;
  }

  get byteLength(): number {
    return this.constantsOffset + this.#constantBytes;
  }

  /** Header and tables; fingerprints and the int8 bounds are zero until they are known. */
  tables(): Uint8Array {
    const bytes = new Uint8Array(this.constantsOffset);
    const view = new DataView(bytes.buffer);
    const word = (at: number, value: number) => view.setUint32(at, value, true);
    word(Header.Magic, PlanFormat.Magic);
    word(Header.Version, PlanFormat.Version);
    word(Header.ByteLength, this.byteLength);
    let at: number = PlanFormat.HeaderBytes;
    const table = (header: Header, rows: readonly (readonly number[])[], entryBytes: number) => {
      word(header, rows.length);
      word(header + 4, at);
      for (const row of rows) {
        row.forEach((value, i) => {
          word(at + 4 * i, value);
        });
        at += entryBytes;
      }
    };
    table(Header.Sections, this.#sections, PlanFormat.EntryBytes);
    table(
      Header.Ops,
      this.ops.map((op) => this.#opWords(op)),
      PlanFormat.OpBytes,
    );
    table(
      Header.Buffers,
      this.#buffers.map((b) => [b.columns, b.kind, b.section]),
      PlanFormat.EntryBytes,
    );
    table(
      Header.States,
      this.states.map((s, i) => [s.size, s.section, this.#operandWords(this.#initial.get(i))[1]]),
      PlanFormat.EntryBytes,
    );
    table(
      Header.Inputs,
      [...this.#inputs].sort((a, b) => a.section - b.section).map((i) => [i.buffer, i.kind, i.size]),
      PlanFormat.EntryBytes,
    );
    table(
      Header.Outputs,
      this.#outputs.map((o) => [o.buffer, o.size]),
      PlanFormat.EntryBytes,
    );
    word(Header.Constants, this.#constantBytes);
    word(Header.Constants + 4, at);
    word(Header.Private, this.#privateBytes);
    return bytes;
  }

  /** Where in the image the qmax of op number `index` stands. */
  qmaxOffset(index: number): number {
    const sections = this.#sections.length * PlanFormat.EntryBytes;
    return PlanFormat.HeaderBytes + sections + index * PlanFormat.OpBytes + OpEntry.Qmax;
  }

  /** (first op, number of ops) of the main section, and of the encoder where there is one. */
  get #sections(): [number, number][] {
    const [main, encoder] = this.#ops;
    const all: [number, number][] = [[0, main.length]];
    if (encoder.length > 0) all.push([main.length, encoder.length]);
    return all;
  }

  #buffer(columns: number, kind: InputKind): Operand & { base: Base.Buffer } {
    this.#buffers.push({ columns, kind, section: this.#section });
    return { base: Base.Buffer, index: this.#buffers.length - 1, column: 0 };
  }

  #constant(constant: Constant, bytes: number): Operand & { base: Base.Plan } {
    this.constants.push(constant);
    this.#constantBytes += Math.ceil(bytes / PlanFormat.Alignment) * PlanFormat.Alignment;
    return { base: Base.Plan, offset: constant.offset };
  }

  #opWords(op: Op): number[] {
    const operands = Array.from({ length: 5 }, (_, i) => this.#operandWords(op.operands[i])).flat();
    return [op.code, op.direction, ...operands, op.k ?? 0, op.n, op.m ?? 0];
  }

  #operandWords(operand: Operand | undefined): [number, number] {
    if (operand === undefined) return [Base.None, 0];
    if (operand.base === Base.Plan) return [Base.Plan, this.constantsOffset + operand.offset];
    if (operand.base === Base.Private) return [Base.Private, operand.offset];
    const column = operand.base === Base.State ? 0 : operand.column;
    return [operand.base | (operand.index << 8), column];
  }
}
