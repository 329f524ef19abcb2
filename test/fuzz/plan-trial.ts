import { InputKind, Status } from '../../assembly/shared/codes.ts';
import { Header, PlanFormat } from '../../assembly/shared/plan.ts';
import type { InferExports } from '../../src/runtime/exports.ts';

// One mutant, validated and run twice: the memory around it is filled with another pattern each time, and lies
// elsewhere. What reads out of bounds within linear memory never traps, but computes something else; what writes there
// breaks the pattern.

const PATTERNS = [0x5a, 0xa5] as const;
/** Of the second run: everything lies this much higher. */
const SPACER = 4096 + 64;
/** Valid, but too much to try. */
const BUDGET = 1 << 24;
/** Memory never shrinks: an instance that has grown so far is replaced. */
const LARGEST_MEMORY = 1 << 22;

export const OUTCOMES: Readonly<Record<number, string>> = {
  [Status.Ok]: 'accepted',
  [Status.BadHeader]: 'BadHeader',
  [Status.BadTable]: 'BadTable',
  [Status.BadSection]: 'BadSection',
  [Status.BadBuffer]: 'BadBuffer',
  [Status.BadState]: 'BadState',
  [Status.BadInput]: 'BadInput',
  [Status.BadOutput]: 'BadOutput',
  [Status.BadOpCode]: 'BadOpCode',
  [Status.BadOperand]: 'BadOperand',
  [Status.BadSize]: 'BadSize',
  [Status.BadDirection]: 'BadDirection',
  [Status.Int8Overflow]: 'Int8Overflow',
};

/** How a session is run. */
interface Drive {
  readonly rows: number;
  readonly chunk: number;
  /** Must leave in the session what the drive before it left. */
  readonly asBefore?: boolean;
  run(exports: InferExports, session: number): number;
}

const DRIVES: readonly Drive[] = [
  { rows: 1, chunk: 1, run: threeSteps },
  { rows: 1, chunk: 1, run: threeSequencesOfOne, asBefore: true },
  { rows: 1, chunk: 4, run: (exports, session) => exports.sequence(session, 4) },
  { rows: 3, chunk: 1, run: threeSteps },
  { rows: 3, chunk: 1, run: threeSequencesOfOne, asBefore: true },
  { rows: 2, chunk: 4, run: (exports, session) => exports.sequence(session, 4) },
];

function threeSteps(exports: InferExports, session: number): number {
  if (!exports.streams(session)) {
    if (exports.step(session) !== Status.NotStreamable)
      throw new Error('step takes a plan that cannot stream');
    return threeSequencesOfOne(exports, session);
  }
  return exports.step(session) || exports.step(session) || exports.step(session);
}

function threeSequencesOfOne(exports: InferExports, session: number): number {
  return exports.sequence(session, 1) || exports.sequence(session, 1) || exports.sequence(session, 1);
}

/** Tries mutants on a module, one after the other. */
export class PlanTrial {
  readonly #module: WebAssembly.Module;
  #grounds: Ground | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /**
   * The outcome of an image: `accepted`, the status that refused it, or `budget`.
   *
   * @throws Error where a promise is broken
   */
  try(image: Uint8Array): string {
    try {
      const [first, second] = [this.#run(image, 0), this.#run(image, 1)];
      if (first.outcome !== second.outcome)
        throw new Error(`memory outside decides: ${first.outcome}, or ${second.outcome}`);
      first.results.forEach((result, i) => {
        requireEqual(result, second.results[i]!, 'depend on memory outside');
        if (result.drive.asBefore)
          requireEqual(result, first.results[i - 1]!, 'differ between a sequence of one timestep and a step');
      });
      return first.outcome;
    } catch (error) {
      this.#grounds = undefined; // what is broken must not break the next
      throw error;
    }
  }

  #run(image: Uint8Array, which: 0 | 1): { outcome: string; results: Result[] } {
    if (!this.#grounds || this.#grounds.bytes > LARGEST_MEMORY) this.#grounds = new Ground(this.#module);
    return this.#grounds.run(image, which);
  }
}

/** What a session holds after its run: outputs, and all states and buffers. */
interface Result {
  readonly drive: Drive;
  readonly outputs: Float32Array;
  readonly contents: Float32Array;
}

/** An instance and its memory. */
class Ground {
  readonly #exports: InferExports;
  /** Where the first block starts, and the module's static data ends. */
  readonly #first: number;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as InferExports;
    this.#first = this.#exports.allocate(1) >>> 0;
    this.#exports.free(this.#first);
  }

  get bytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  run(image: Uint8Array, which: 0 | 1): { outcome: string; results: Result[] } {
    const spacer = which === 1 ? this.#allocate(SPACER) : 0;
    const plan = this.#allocate(image.length);
    try {
      const status = this.#watched(PATTERNS[which], image, plan, 0, 0, () =>
        this.#exports.validate(plan, image.length),
      );
      const outcome = OUTCOMES[status];
      if (outcome === undefined) throw new Error(`validate answers ${status}`);
      if (status !== Status.Ok) return { outcome, results: [] };
      const results: Result[] = [];
      for (const drive of DRIVES) {
        const result = this.#drive(drive, image, plan, PATTERNS[which]);
        if (!result) return { outcome: 'budget', results };
        results.push(result);
      }
      return { outcome, results };
    } finally {
      this.#exports.free(plan);
      if (spacer) this.#exports.free(spacer);
    }
  }

  #drive(drive: Drive, image: Uint8Array, plan: number, pattern: number): Result | undefined {
    const { rows, chunk } = drive;
    const bytes = this.#exports.sessionBytes(plan, rows, chunk) >>> 0;
    if (bytes === 0 || bytes > BUDGET) return undefined;
    const session = this.#allocate(bytes);
    try {
      return this.#watched(pattern, image, plan, session, bytes, () => {
        this.#exports.sessionInit(session, plan, rows, chunk);
        const view = new SessionView(this.#exports, image, session, bytes, drive);
        view.writeInputs();
        const status = drive.run(this.#exports, session);
        if (status !== Status.Ok)
          throw new Error(`a run of ${rows} rows and chunk ${chunk} answers ${status}`);
        return { drive, outputs: view.outputs(), contents: view.contents() };
      });
    } finally {
      this.#exports.free(session);
    }
  }

  /** Does something with all memory behind the static data filled; only the session's bytes may change. */
  #watched<T>(
    pattern: number,
    image: Uint8Array,
    plan: number,
    session: number,
    sessionBytes: number,
    act: () => T,
  ): T {
    const { memory } = this.#exports;
    const size = memory.buffer.byteLength;
    const bytes = new Uint8Array(memory.buffer);
    bytes.fill(pattern, this.#first);
    bytes.set(image, plan);
    const statics = bytes.slice(0, this.#first);
    const result = act();
    if (memory.buffer.byteLength !== size) throw new Error('memory has grown');
    const after = new Uint8Array(memory.buffer);
    if (Buffer.compare(after.subarray(0, this.#first), statics) !== 0)
      throw new Error('static data of the module has changed');
    if (Buffer.compare(after.subarray(plan, plan + image.length), image) !== 0)
      throw new Error('the image has changed');
    let at = this.#first;
    for (const [start, length] of [
      [plan, image.length],
      [session, sessionBytes],
      [size, 0],
    ] as const) {
      if (start === 0) continue;
      requirePattern(after.subarray(at, start), pattern, at);
      at = start + length;
    }
    return result;
  }

  #allocate(bytes: number): number {
    const address = this.#exports.allocate(Math.max(1, bytes)) >>> 0;
    if (address === 0) throw new Error(`no memory for ${bytes} bytes`);
    return address;
  }
}

/** Inputs and outputs of a session, as the tables of a valid image describe them. */
class SessionView {
  readonly #exports: InferExports;
  readonly #tables: DataView;
  readonly #session: number;
  readonly #bytes: number;
  readonly #rows: number;

  constructor(exports: InferExports, image: Uint8Array, session: number, bytes: number, drive: Drive) {
    this.#exports = exports;
    this.#tables = new DataView(image.buffer, image.byteOffset, image.byteLength);
    this.#session = session;
    this.#bytes = bytes;
    this.#rows = drive.rows * drive.chunk;
  }

  /** Finite features, tokens within the vocabulary (its last first), in every row of the chunk. */
  writeInputs(): void {
    const { buffer } = this.#exports.memory;
    this.#table(Header.Inputs).forEach((entry, i) => {
      const [kind, size] = [this.#word(entry + 4), this.#word(entry + 8)];
      const address = this.#exports.inputAddress(this.#session, i) >>> 0;
      for (let row = 0; row < this.#rows; row++) {
        if (kind === InputKind.Tokens) {
          new Uint32Array(buffer)[(address >> 2) + row] = size - 1 - ((0x9e3779b1 * row) % size);
        } else {
          const floats = new Float32Array(buffer);
          for (let column = 0; column < size; column++)
            floats[(address >> 2) + this.#place(row, column)] = Math.sin(row + 3 * column + 1);
        }
      }
    });
  }

  /** By the addresses and sizes that a caller reads. */
  outputs(): Float32Array {
    const floats = new Float32Array(this.#exports.memory.buffer);
    const values: number[] = [];
    this.#table(Header.Outputs).forEach((entry, i) => {
      const address = this.#exports.outputAddress(this.#session, i) >>> 0;
      for (let row = 0; row < this.#rows; row++)
        for (let column = 0; column < this.#word(entry + 4); column++)
          values.push(floats[(address >> 2) + this.#place(row, column)]!);
    });
    return Float32Array.from(values);
  }

  /** From the first state, or else the first buffer that has a name, to the end: no addresses lie there. */
  contents(): Float32Array {
    const { exports, session } = { exports: this.#exports, session: this.#session };
    const addresses = [
      ...this.#table(Header.States).map((_, i) => exports.stateAddress(session, i) >>> 0),
      ...this.#table(Header.Inputs).map((_, i) => exports.inputAddress(session, i) >>> 0),
      ...this.#table(Header.Outputs).map((_, i) => exports.outputAddress(session, i) >>> 0),
    ];
    const end = session + this.#bytes;
    const from = Math.min(end, ...addresses);
    return new Float32Array(exports.memory.buffer.slice(from, end));
  }

  /** In words, of a buffer's first column and row. */
  #place(row: number, column: number): number {
    return PlanFormat.Panel * ((column >> 4) * this.#rows + row) + (column & 15);
  }

  /** Offsets of a table's entries. */
  #table(table: Header): number[] {
    return Array.from(
      { length: this.#word(table) },
      (_, i) => this.#word(table + 4) + i * PlanFormat.EntryBytes,
    );
  }

  #word(at: number): number {
    return this.#tables.getUint32(at, true);
  }
}

function requirePattern(bytes: Uint8Array, pattern: number, at: number): void {
  if (bytes.length === 0) return;
  // Equal to itself moved by one: all bytes are the first.
  const same = Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;
  if (same && bytes[0] === pattern) return;
  const offset = bytes.findIndex((byte) => byte !== pattern);
  throw new Error(
    `byte ${at + offset}, outside image and session, is ${bytes[offset]} instead of ${pattern}`,
  );
}

/** Bit for bit, but that NaN may have any payload. */
function requireEqual(a: Result, b: Result, fault: string): void {
  for (const part of ['outputs', 'contents'] as const) {
    const [x, y] = [a[part], b[part]];
    if (x.length === y.length && Buffer.compare(bytesOf(x), bytesOf(y)) === 0) continue;
    const at = x.findIndex((value, i) => !Object.is(value, y[i]));
    if (at < 0 && x.length === y.length) continue;
    const { rows, chunk } = a.drive;
    throw new Error(
      `${part} of ${rows} rows and chunk ${chunk} ${fault}: value ${at} is ${x[at]}, or ${y[at]}`,
    );
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
