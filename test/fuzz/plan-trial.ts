import { InputKind, SectionKind, Status } from '../../assembly/shared/codes.ts';
import {
  BufferEntry,
  Header,
  InputEntry,
  OutputEntry,
  PlanFormat,
  StateEntry,
} from '../../assembly/shared/plan.ts';
import type { InferExports } from '../../src/runtime/exports.ts';

// One mutant, validated and run twice: the memory around it is filled with another pattern each time, and lies
// elsewhere. What reads out of bounds within linear memory never traps, but computes something else; what writes there
// breaks the pattern.

const PATTERNS = [0x5a, 0xa5] as const;
/** Of the second run: everything lies this much higher. */
const SPACER = 4096 + 64;
/** Valid, but too much to try. */
const BUDGET = 1 << 24;
/** Of weights of the session's own, likewise. */
const MOST_WEIGHTS = 1 << 18;
/** Memory never shrinks: an instance that has grown so far is replaced. */
const LARGEST_MEMORY = 1 << 22;

/** Of assembly/plan/session.ts. */
const SESSION_HEADER = 128;

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

/** How large a session is, and what its encoder reads, where the plan has one. */
interface Shape {
  readonly rows: number;
  readonly chunk: number;
  /** Timesteps of the encoder; of each stream, where they are not alike. */
  readonly memory: number;
  readonly memoryLengths?: readonly number[];
}

/** How a session is run. */
interface Drive extends Shape {
  /** With weights of the session's own, of a plan that has room for some; others have no such drive. */
  readonly adapted?: boolean;
  /** Must leave in the session what the drive before it left. */
  readonly asBefore?: boolean;
  /** A session whose rows the one at hand takes over, [from, to]. */
  readonly source?: Shape & { readonly rowsTo: readonly (readonly [from: number, to: number])[] };
  run(exports: InferExports, session: number): number;
}

const DRIVES: readonly Drive[] = [
  { rows: 1, chunk: 1, memory: 3, run: threeSteps },
  { rows: 1, chunk: 1, memory: 3, run: threeSequencesOfOne, asBefore: true },
  { rows: 1, chunk: 4, memory: 2, run: (exports, session) => exports.sequence(session, 4, 0) },
  { rows: 3, chunk: 1, memory: 5, memoryLengths: [5, 1, 3], run: threeSteps },
  { rows: 3, chunk: 1, memory: 5, memoryLengths: [5, 1, 3], run: threeSequencesOfOne, asBefore: true },
  { rows: 2, chunk: 4, memory: 4, memoryLengths: [1, 4], run: raggedSequence },
  { rows: 3, chunk: 3, memory: 1, run: raggedSequence },
  { rows: 1, chunk: 1, memory: 2, run: threeSteps, adapted: true },
  { rows: 1, chunk: 1, memory: 2, run: threeSequencesOfOne, adapted: true, asBefore: true },
  { rows: 2, chunk: 4, memory: 4, memoryLengths: [1, 4], run: raggedSequence, adapted: true },
  {
    rows: 2,
    chunk: 1,
    memory: 2,
    // For what row 0 has read there is no room.
    source: {
      rows: 3,
      chunk: 1,
      memory: 3,
      memoryLengths: [3, 1, 2],
      rowsTo: [
        [0, 1],
        [2, 0],
      ],
    },
    run: threeSteps,
  },
];

/** Row r of a sequence of 3 timesteps has r of them. */
function raggedSequence(exports: InferExports, session: number): number {
  setLengths(exports, session, [0, 1, 2]);
  return exports.sequence(session, 3, 1);
}

function setLengths(exports: InferExports, session: number, lengths: readonly number[]): void {
  new Uint32Array(exports.memory.buffer, exports.lengthsAddress(session) >>> 0).set(lengths);
}

function threeSteps(exports: InferExports, session: number): number {
  if (!exports.streams(session)) {
    if (exports.step(session) !== Status.NotStreamable)
      throw new Error('step takes a plan that cannot stream');
    return threeSequencesOfOne(exports, session);
  }
  return exports.step(session) || exports.step(session) || exports.step(session);
}

function threeSequencesOfOne(exports: InferExports, session: number): number {
  return (
    exports.sequence(session, 1, 0) || exports.sequence(session, 1, 0) || exports.sequence(session, 1, 0)
  );
}

/** Tries mutants on a module, one after the other. */
export class PlanTrial {
  readonly #module: WebAssembly.Module;
  readonly #gap: number;
  #grounds: Ground | undefined;

  /** @param gap bytes that the module leaves behind each buffer of a session (`gaps.ts`), which are outside too */
  constructor(module: WebAssembly.Module, gap = 0) {
    this.#module = module;
    this.#gap = gap;
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
    if (!this.#grounds || this.#grounds.bytes > LARGEST_MEMORY)
      this.#grounds = new Ground(this.#module, this.#gap);
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
  readonly #gap: number;
  /** Where the first block starts, and the module's static data ends. */
  readonly #first: number;

  constructor(module: WebAssembly.Module, gap: number) {
    this.#gap = gap;
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
        if (drive.adapted && privateBytes(image) === 0) continue;
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
    const tables = new PlanTables(image);
    const bytes = this.#sessionBytes(tables, plan, drive);
    const sourceBytes = drive.source ? (this.#sessionBytes(tables, plan, drive.source) + 63) & ~63 : 0;
    if (bytes === 0 || sourceBytes + bytes > BUDGET) return undefined;
    if (drive.adapted && privateBytes(image) > MOST_WEIGHTS) return undefined;
    const weights = weightsOf(drive.adapted ? privateBytes(image) : 0);
    const weightsAt = (sourceBytes + bytes + 63) & ~63;
    const all = drive.adapted ? weightsAt + weights.byteLength : sourceBytes + bytes;
    const source = this.#allocate(all);
    try {
      return this.#watched(pattern, image, plan, source, all, () => {
        const session = source + sourceBytes;
        const view = this.#begin(tables, plan, session, bytes, drive, pattern);
        const own = new Float32Array(this.#exports.memory.buffer, source + weightsAt, weights.length);
        own.set(weights);
        if (drive.adapted) this.#exports.sessionAdapt(session, source + weightsAt);
        if (drive.source) this.#begin(tables, plan, source, sourceBytes, drive.source, pattern).encode();
        for (const [from, to] of drive.source?.rowsTo ?? []) this.#exports.copyRow(source, from, session, to);
        if (!drive.source) view.encode();
        const encoded = view.encoderStates();
        const status = drive.run(this.#exports, session);
        if (status !== Status.Ok)
          throw new Error(`a run of ${drive.rows} rows and chunk ${drive.chunk} answers ${status}`);
        if (Buffer.compare(view.encoderStates(), encoded) !== 0)
          throw new Error('the main section changes states of the encoder');
        for (const gap of view.gaps()) requirePattern(gap, pattern, gap.byteOffset);
        if (!own.every((value, i) => value === weights[i])) throw new Error('the weights have changed');
        return { drive, outputs: view.outputs(), contents: view.contents() };
      });
    } finally {
      this.#exports.free(source);
    }
  }

  #sessionBytes(tables: PlanTables, plan: number, { rows, chunk, memory }: Shape): number {
    return this.#exports.sessionBytes(plan, rows, chunk, tables.hasEncoder ? memory : 0) >>> 0;
  }

  /** A session in its initial states, its inputs written. */
  #begin(
    tables: PlanTables,
    plan: number,
    session: number,
    bytes: number,
    shape: Shape,
    pattern: number,
  ): SessionView {
    this.#exports.sessionInit(session, plan, shape.rows, shape.chunk, tables.hasEncoder ? shape.memory : 0);
    const view = new SessionView(this.#exports, tables, session, bytes, shape, this.#gap);
    for (const gap of view.gaps()) gap.fill(pattern);
    view.writeInputs();
    return view;
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

/** Of the weights that a session may have of its own. */
function privateBytes(image: Uint8Array): number {
  return new DataView(image.buffer, image.byteOffset).getUint32(Header.Private, true);
}

function weightsOf(bytes: number): Float32Array {
  return Float32Array.from({ length: bytes >> 2 }, (_, i) => Math.sin(i + 1));
}

/** The tables of a valid image. */
class PlanTables {
  readonly #view: DataView;

  constructor(image: Uint8Array) {
    this.#view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  }

  get hasEncoder(): boolean {
    return this.word(Header.Sections) > 1;
  }

  /** Offsets of a table's entries. */
  entries(table: Header): number[] {
    return Array.from(
      { length: this.word(table) },
      (_, i) => this.word(table + 4) + i * PlanFormat.EntryBytes,
    );
  }

  /** The section of the buffer that an input or output names. */
  sectionOf(entry: number): SectionKind {
    return this.word(this.entries(Header.Buffers)[this.word(entry)]! + BufferEntry.Section);
  }

  word(at: number): number {
    return this.#view.getUint32(at, true);
  }
}

/** Inputs, outputs and states of a session. */
class SessionView {
  readonly #exports: InferExports;
  readonly #tables: PlanTables;
  readonly #session: number;
  readonly #bytes: number;
  readonly #shape: Shape;
  readonly #gap: number;

  constructor(
    exports: InferExports,
    tables: PlanTables,
    session: number,
    bytes: number,
    shape: Shape,
    gap: number,
  ) {
    this.#gap = gap;
    this.#exports = exports;
    this.#tables = tables;
    this.#session = session;
    this.#bytes = bytes;
    this.#shape = shape;
  }

  /** Finite features, tokens within the vocabulary (its last first), in every row of the chunk. */
  writeInputs(): void {
    const { buffer } = this.#exports.memory;
    const [words, floats] = [new Uint32Array(buffer), new Float32Array(buffer)];
    const { rows, chunk, memory } = this.#shape;
    this.#tables.entries(Header.Inputs).forEach((entry, i) => {
      const size = this.#tables.word(entry + InputEntry.Size);
      const isTokens = this.#tables.word(entry + InputEntry.Kind) === InputKind.Tokens;
      const isMain = this.#tables.sectionOf(entry) === SectionKind.Main;
      const address = (this.#exports.inputAddress(this.#session, i) >>> 0) >> 2;
      const stride = isMain ? this.#mainStride : this.#exports.encoderStride(this.#session) >> 2;
      for (let row = 0; row < rows * (isMain ? chunk : memory); row++) {
        if (isTokens) words[address + row] = size - 1 - ((0x9e3779b1 * row) % size);
        else
          for (let column = 0; column < size; column++)
            floats[address + place(row, column, stride)] = Math.sin(row + 3 * column + 1);
      }
    });
  }

  /** The sequence of the encoder, where there is one; before it there is nothing to run. */
  encode(): void {
    if (!this.#tables.hasEncoder) return;
    const { memory, memoryLengths } = this.#shape;
    if (this.#exports.sequence(this.#session, 1, 0) !== Status.NotEncoded)
      throw new Error('a sequence runs without what the encoder leaves');
    if (memoryLengths) setLengths(this.#exports, this.#session, memoryLengths);
    const status = this.#exports.encode(this.#session, memory, memoryLengths ? 1 : 0);
    if (status !== Status.Ok) throw new Error(`the encoder answers ${status}`);
  }

  /** By the addresses and sizes that a caller reads. */
  outputs(): Float32Array {
    const floats = new Float32Array(this.#exports.memory.buffer);
    const values: number[] = [];
    this.#tables.entries(Header.Outputs).forEach((entry, i) => {
      const address = (this.#exports.outputAddress(this.#session, i) >>> 0) >> 2;
      const size = this.#tables.word(entry + OutputEntry.Size);
      for (let row = 0; row < this.#shape.rows * this.#shape.chunk; row++)
        for (let column = 0; column < size; column++)
          values.push(floats[address + place(row, column, this.#mainStride)]!);
    });
    return Float32Array.from(values);
  }

  /** Bytes. */
  encoderStates(): Uint8Array {
    const { memory } = this.#exports;
    const states = this.#tables.entries(Header.States).flatMap((entry, i) => {
      if (this.#tables.word(entry + StateEntry.Section) !== SectionKind.Encoder) return [];
      const address = this.#exports.stateAddress(this.#session, i) >>> 0;
      const columns = (this.#tables.word(entry + StateEntry.Size) + 15) & ~15;
      return [new Uint8Array(memory.buffer, address, 4 * columns * this.#shape.rows)];
    });
    return Buffer.concat(states);
  }

  /** From the first state, or else the first buffer that has a name, to the end: no addresses lie there. */
  contents(): Float32Array {
    const { exports, session } = { exports: this.#exports, session: this.#session };
    const addresses = [
      ...this.#tables.entries(Header.States).map((_, i) => exports.stateAddress(session, i) >>> 0),
      ...this.#tables.entries(Header.Inputs).map((_, i) => exports.inputAddress(session, i) >>> 0),
      ...this.#tables.entries(Header.Outputs).map((_, i) => exports.outputAddress(session, i) >>> 0),
    ];
    const end = session + this.#bytes;
    const from = Math.min(end, ...addresses);
    for (const gap of this.gaps()) gap.fill(0);
    return new Float32Array(exports.memory.buffer.slice(from, end));
  }

  /** What lies behind each buffer, whose addresses stand behind those of the states and the header. */
  gaps(): Uint8Array[] {
    if (this.#gap === 0) return [];
    const { buffer } = this.#exports.memory;
    const { rows, chunk, memory } = this.#shape;
    const states = this.#tables.entries(Header.States).length;
    const addresses = new Uint32Array(buffer, this.#session + SESSION_HEADER + 4 * states);
    return this.#tables.entries(Header.Buffers).map((entry, i) => {
      const isMain = this.#tables.word(entry + BufferEntry.Section) === SectionKind.Main;
      const all = rows * (isMain ? chunk : memory);
      const bytes = 4 * this.#tables.word(entry + BufferEntry.Columns) * (all === 1 ? 1 : all | 1);
      return new Uint8Array(buffer, addresses[i]! + ((bytes + 63) & ~63), this.#gap);
    });
  }

  /** In words, from a panel of a buffer of the main section to the next. */
  get #mainStride(): number {
    return this.#exports.panelStride(this.#session) >> 2;
  }
}

/** In words, of a buffer's first column and row. */
function place(row: number, column: number, stride: number): number {
  return stride * (column >> 4) + PlanFormat.Panel * row + (column & 15);
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
