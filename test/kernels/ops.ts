import type { OpCode } from '../../assembly/shared/codes.ts';
import { columnsOf, Memory } from './memory.ts';
import { kernels, type Target } from './module.ts';

// One op of a plan by itself: its operands laid out as a session lays them out, run, and read back row by row.

/**
 * What an operand is: `blocks` times `size` values a row, each block in whole panels. Of a vector and of parameters,
 * f32[4], there is one row for all, of a state one a stream.
 */
export interface OperandSpec {
  readonly kind: 'buffer' | 'state' | 'vector' | 'parameters';
  readonly size: number;
  readonly blocks?: number;
  /** Its values, where random ones would not do. */
  readonly values?: readonly number[];
}

export interface OpSpec {
  readonly code: OpCode;
  readonly n: number;
  readonly k?: number;
  readonly m?: number;
  /** a … e; `undefined` for none. */
  readonly operands: readonly (OperandSpec | undefined)[];
  /** The operand that it writes, and the one whose place that may take. */
  readonly out: number;
  readonly inPlace?: number;
}

/** Rows first … first + rows - 1 of buffers that have `stride` of them. */
export interface Rows {
  readonly first: number;
  readonly rows: number;
  readonly stride: number;
}

/** Of each operand its rows. */
export type Values = readonly (readonly Float32Array[])[];

export interface Result {
  readonly out: readonly Float32Array[];
  /** Of each operand. */
  readonly gradients: Values;
  /** Whether anything but the values of rows was written. */
  readonly strayed: boolean;
}

const GUARD = 12345.5;

/** An operand, or the gradient of one, in memory. */
class Place {
  readonly at: number;
  readonly stride: number;
  /** Bytes from the operand of a row to that of the next. */
  readonly step: number;
  readonly #memory: Memory;
  readonly #spec: OperandSpec;
  readonly #first: number;
  readonly #count: number;
  readonly #rows: number;
  readonly #rest: Float32Array;

  constructor(memory: Memory, spec: OperandSpec, rows: Rows, values: readonly Float32Array[]) {
    const isBuffer = spec.kind === 'buffer';
    this.#memory = memory;
    this.#spec = spec;
    this.#rows = values.length;
    this.#first = isBuffer ? rows.first : 0;
    this.stride = isBuffer ? rows.stride : values.length;
    this.step = isBuffer ? 64 : 0;
    this.#count = columnsOf(spec.size) * (spec.blocks ?? 1) * this.stride;
    this.at = memory.filled(this.#count, GUARD);
    const floats = memory.floatsAt(this.at, this.#count);
    for (let i = 0; i < this.#count; i++) if (this.#isRow(Math.floor(i / 16))) floats[i] = 0;
    values.forEach((row, r) => {
      row.forEach((value, i) => {
        floats[this.#index(r, i)] = value;
      });
    });
    this.#rest = this.#others();
  }

  read(): Float32Array[] {
    const floats = this.#memory.floatsAt(this.at, this.#count);
    const { size, blocks = 1 } = this.#spec;
    return Array.from({ length: this.#rows }, (_, r) =>
      Float32Array.from({ length: size * blocks }, (_, i) => floats[this.#index(r, i)]!),
    );
  }

  strayed(): boolean {
    const others = this.#others();
    return this.#rest.some((value, i) => !Object.is(value, others[i]));
  }

  /** All but the values: the lanes behind them, the other rows. */
  #others(): Float32Array {
    const floats = this.#memory.floatsAt(this.at, this.#count).slice();
    const { size, blocks = 1 } = this.#spec;
    for (let r = 0; r < this.#rows; r++)
      for (let i = 0; i < size * blocks; i++) floats[this.#index(r, i)] = 0;
    return floats;
  }

  #isRow(panelRow: number): boolean {
    const row = (panelRow % this.stride) - this.#first;
    return row >= 0 && row < this.#rows;
  }

  #index(row: number, i: number): number {
    const { size } = this.#spec;
    const column = Math.floor(i / size) * columnsOf(size) + (i % size);
    return ((column >> 4) * this.stride + this.#first + row) * 16 + (column & 15);
  }
}

export class OpBench {
  readonly #memory: Memory;

  private constructor(memory: Memory) {
    this.#memory = memory;
  }

  static async create(target: Target): Promise<OpBench> {
    return new OpBench(new Memory(await kernels(target)));
  }

  /**
   * Runs the op, then its backward half. `gradients` is what the gradients hold before: of the output what flows back,
   * of what was read something to add to.
   */
  run(op: OpSpec, rows: Rows, values: Values, gradients: Values, inPlace = false): Result {
    const { kernels: wasm } = this.#memory;
    this.#memory.clear();
    wasm.setSizes(op.k ?? 0, op.n, op.m ?? 0, this.#memory.filled(4096, 0));
    const place = (of: Values) =>
      op.operands.map((spec, i) => spec && new Place(this.#memory, spec, rows, of[i]!));
    const [operands, slopes] = [place(values), place(gradients)];
    if (inPlace) {
      operands[op.out] = operands[op.inPlace!];
      slopes[op.inPlace!] = slopes[op.out];
    }
    operands.forEach((operand, i) => {
      if (!operand) return;
      wasm.setOperand(i, operand.at, 64 * operand.stride, operand.step);
      wasm.setGradient(i, slopes[i]!.at);
      // A tape has rows for all timesteps; of a state only those of this one are looked at.
      const before = op.operands[i]!.kind === 'state' ? operand.at - 64 * rows.first : operand.at;
      if (i < 2) wasm.setTape(i, before, 64 * operand.stride);
    });
    wasm.opRun(op.code, rows.first, rows.rows);
    const out = operands[op.out]!.read();
    wasm.opRunBackward(op.code, rows.first, rows.rows);
    // Gradients of parameters are of all rows, from the first on.
    const trains = rows.first === 0 && op.operands.some((spec) => spec?.kind === 'vector');
    if (trains) wasm.opRunParameters(op.code, rows.rows);
    return {
      out,
      gradients: slopes.map((slope) => slope?.read() ?? []),
      strayed: [...operands, ...slopes].some((each) => each?.strayed()),
    };
  }
}
