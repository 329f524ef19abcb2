import { Base, type Direction, InputKind, type OpCode } from '../../assembly/shared/codes.ts';
import { Header, OpEntry, PlanFormat } from '../../assembly/shared/plan.ts';
import type { Tensor } from '../graph/definition.ts';

/** A range of columns of a buffer, or a whole state: what an op reads or writes. */
export type Operand =
  | { readonly base: Base.Buffer; readonly index: number; readonly column: number }
  | { readonly base: Base.State; readonly index: number }
  | { readonly base: Base.Plan; readonly offset: number };

export interface Op {
  readonly code: OpCode;
  readonly direction: Direction;
  /** At most five; `undefined` where an op takes none. */
  readonly operands: readonly (Operand | undefined)[];
  readonly k?: number;
  readonly n: number;
  readonly biasColumns?: number;
  /** The packed int8 matrix whose bound on activations belongs into the record; known once it is packed. */
  readonly qmaxOf?: Constant;
}

/** Some rows of a tensor, and the row of the packed matrix where they go (a multiple of 16). */
export interface RowRange {
  readonly tensor: Tensor;
  readonly from: number;
  readonly rows: number;
  readonly to: number;
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

/** What the constants hold: plain values, or a matrix that the module packs out of row-major tensors. */
export type Constant = { readonly offset: number } & (
  | ({ readonly kind: 'values' } & Values)
  | { readonly kind: 'panels'; readonly n: number; readonly k: number; readonly ranges: readonly RowRange[] }
  | { readonly kind: 'int8'; readonly n: number; readonly k: number; readonly ranges: readonly RowRange[] }
);

export interface StateInfo {
  readonly name: string;
  readonly size: number;
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
  readonly ops: Op[] = [];
  #buffers: { columns: number; kind: InputKind }[] = [];
  #inputs: { buffer: number; kind: InputKind; size: number }[] = [];
  #outputs: { buffer: number; size: number }[] = [];
  #constantBytes = 0;

  /** A buffer of at least `size` columns; the operand is all of it. */
  buffer(size: number): Operand & { base: Base.Buffer } {
    this.#buffers.push({ columns: columnsOf(size), kind: InputKind.Features });
    return { base: Base.Buffer, index: this.#buffers.length - 1, column: 0 };
  }

  input(kind: 'features' | 'tokens', size: number): Operand & { base: Base.Buffer } {
    const code = kind === 'tokens' ? InputKind.Tokens : InputKind.Features;
    this.#buffers.push({ columns: kind === 'tokens' ? 1 : columnsOf(size), kind: code });
    const buffer = this.#buffers.length - 1;
    this.#inputs.push({ buffer, kind: code, size });
    return { base: Base.Buffer, index: buffer, column: 0 };
  }

  output(operand: Operand & { base: Base.Buffer }, size: number): void {
    this.#outputs.push({ buffer: operand.index, size });
  }

  state(name: string, size: number): Operand {
    this.states.push({ name, size });
    return { base: Base.State, index: this.states.length - 1 };
  }

  values({ values, sources }: Values): Operand {
    const constant: Constant = { kind: 'values', values, sources, offset: this.#constantBytes };
    return this.#constant(constant, values.length * 4);
  }

  panels(n: number, k: number, ranges: readonly RowRange[]): Operand {
    return this.#constant({ kind: 'panels', n, k, ranges, offset: this.#constantBytes }, n * k * 4);
  }

  int8(n: number, k: number, ranges: readonly RowRange[]): { operand: Operand; constant: Constant } {
    const constant: Constant = { kind: 'int8', n, k, ranges, offset: this.#constantBytes };
    return { operand: this.#constant(constant, n * Math.ceil(k / 2) * 2), constant };
  }

  op(op: Op): void {
    this.ops.push(op);
  }

  get constantsOffset(): number {
    const entries =
      1 + this.#buffers.length + this.states.length + this.#inputs.length + this.#outputs.length;
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
    table(Header.Sections, [[0, this.ops.length]], PlanFormat.EntryBytes);
    table(
      Header.Ops,
      this.ops.map((op) => this.#opWords(op)),
      PlanFormat.OpBytes,
    );
    table(
      Header.Buffers,
      this.#buffers.map((b) => [b.columns, b.kind]),
      PlanFormat.EntryBytes,
    );
    table(
      Header.States,
      this.states.map((s) => [s.size]),
      PlanFormat.EntryBytes,
    );
    table(
      Header.Inputs,
      this.#inputs.map((i) => [i.buffer, i.kind, i.size]),
      PlanFormat.EntryBytes,
    );
    table(
      Header.Outputs,
      this.#outputs.map((o) => [o.buffer, o.size]),
      PlanFormat.EntryBytes,
    );
    word(Header.Constants, this.#constantBytes);
    word(Header.Constants + 4, at);
    return bytes;
  }

  /** Where in the image the qmax of op number `index` stands. */
  qmaxOffset(index: number): number {
    return PlanFormat.HeaderBytes + PlanFormat.EntryBytes + index * PlanFormat.OpBytes + OpEntry.Qmax;
  }

  #constant(constant: Constant, bytes: number): Operand {
    this.constants.push(constant);
    this.#constantBytes += Math.ceil(bytes / PlanFormat.Alignment) * PlanFormat.Alignment;
    return { base: Base.Plan, offset: constant.offset };
  }

  #opWords(op: Op): number[] {
    const operands = Array.from({ length: 5 }, (_, i) => this.#operandWords(op.operands[i])).flat();
    return [op.code, op.direction, ...operands, op.k ?? 0, op.n, op.biasColumns ?? 0];
  }

  #operandWords(operand: Operand | undefined): [number, number] {
    if (operand === undefined) return [Base.None, 0];
    if (operand.base === Base.Plan) return [Base.Plan, this.constantsOffset + operand.offset];
    const column = operand.base === Base.Buffer ? operand.column : 0;
    return [operand.base | (operand.index << 8), column];
  }
}
