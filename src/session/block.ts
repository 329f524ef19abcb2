import type { PlacedAdapter } from '../adapters/place.ts';
import { RivuletError } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { copyRange } from './copy.ts';
import type { Model } from './model.ts';

/** Of a row in a panel of 16 columns. */
const ROW_BYTES = 64;

/** Rows that are staged at once, where a timestep has fewer. */
const STAGED_ROWS = 63;

/**
 * A session of the module in linear memory. Behind it, in the same block, is room for some rows of its widest input or
 * output: rows lie there as a caller has them, and the module moves them into the panels of its buffers and back. A
 * session of one row and one timestep needs none, since its panels are flat vectors.
 */
export class Block {
  readonly address: number;
  /** Streams in step with each other. */
  readonly rows: number;
  /** Most timesteps of a sequence. */
  readonly chunk: number;
  /** Most timesteps of the encoder's sequence. */
  readonly memory: number;
  readonly #runtime: Runtime;
  readonly #model: Model;
  readonly #stagedRows: number;
  readonly #staging: number;
  /** What `read` copied out of last; its length is 0 once memory has grown. */
  #staged: Float32Array = new Float32Array(0);
  #adapter: PlacedAdapter | undefined;

  /** @throws RivuletError `out-of-memory` */
  constructor(model: Model, rows: number, chunk: number, memory: number) {
    const { runtime, plan } = model;
    const { exports } = runtime;
    const bytes = exports.sessionBytes(plan.address, rows, chunk, memory);
    if (bytes === 0) {
      throw new RivuletError(
        'out-of-memory',
        `a session of batchSize ${rows} for ${Math.max(chunk, memory)} timesteps is larger than linear memory can be: ` +
          'split the batch or the sequence',
      );
    }
    const straight = rows * chunk === 1 && memory === 0;
    this.#stagedRows = straight ? 0 : Math.max(rows, Math.min(rows * Math.max(chunk, memory), STAGED_ROWS));
    const staged = 4 * this.#stagedRows * widest(model);
    this.address = runtime.allocate(bytes + staged, 'a session');
    this.rows = rows;
    this.chunk = chunk;
    this.memory = memory;
    this.#runtime = runtime;
    this.#model = model;
    this.#staging = this.address + bytes;
    exports.sessionInit(this.address, plan.address, rows, chunk, memory);
  }

  free(): void {
    this.#runtime.free(this.address);
  }

  /** What it computes with besides the weights of the model. */
  get adapter(): PlacedAdapter | undefined {
    return this.#adapter;
  }

  /** From now on with this adapter, or without one; the states stay. */
  adapt(adapter: PlacedAdapter | undefined): void {
    if (adapter === this.#adapter) return;
    this.#runtime.exports.sessionAdapt(this.address, adapter?.address ?? 0);
    this.#adapter = adapter;
  }

  /**
   * Rows 0 … count - 1 of input number `index`, those of the encoder behind all others, become rows from … of `values`.
   * Allocates nothing.
   */
  write(index: number, values: ArrayLike<number>, from: number, count: number): void {
    const { exports, words } = this.#runtime;
    const { kind, size } = this.#input(index);
    const buffer = exports.inputAddress(this.address, index);
    if (kind === 'tokens') {
      for (let i = 0; i < count; i++) words[(buffer >> 2) + i] = values[from + i]!;
    } else if (this.#stagedRows === 0) {
      copyRange(this.#runtime.floats, buffer >> 2, values as Float32Array, from * size, size);
    } else {
      const stride =
        index < this.#model.inputs.length
          ? exports.panelStride(this.address)
          : exports.encoderStride(this.address);
      for (let row = 0; row < count; row += this.#stagedRows) {
        const rows = Math.min(this.#stagedRows, count - row);
        this.#stage(values as Float32Array, (from + row) * size, rows * size);
        exports.panelsFromRows(this.#staging, rows, size, buffer + row * ROW_BYTES, stride);
      }
    }
  }

  /** Rows first … first + count - 1 of output number `index` go to out[at …]. */
  read(index: number, first: number, count: number, out: Float32Array, at: number): void {
    const { exports } = this.#runtime;
    const { size } = this.#model.outputs[index]!;
    const buffer = exports.outputAddress(this.address, index);
    if (this.#stagedRows === 0) {
      copyRange(out, at, this.#runtime.floats, buffer >> 2, size);
      return;
    }
    const stride = exports.panelStride(this.address);
    for (let row = 0; row < count; row += this.#stagedRows) {
      const rows = Math.min(this.#stagedRows, count - row);
      exports.rowsFromPanels(buffer + (first + row) * ROW_BYTES, stride, rows, size, this.#staging);
      out.set(this.#view(rows * size), at + row * size);
    }
  }

  /** What is left of each row's length at timestep `from`, at most `count`. */
  writeLengths(lengths: ArrayLike<number>, from: number, count: number): void {
    const { exports, words } = this.#runtime;
    const at = exports.lengthsAddress(this.address) >> 2;
    for (let row = 0; row < this.rows; row++) {
      words[at + row] = Math.max(0, Math.min(lengths[row]! - from, count));
    }
  }

  /** values[to … to + size - 1] = state number `index` of a row */
  readState(index: number, row: number, size: number, values: Float32Array, to: number): void {
    const { floats } = this.#runtime;
    const at = this.#stateAt(index, row);
    for (let i = 0; i < size; i++) values[to + i] = floats[at + (i >> 4) * this.rows * 16 + (i & 15)]!;
  }

  /** State number `index` of a row becomes values[from … from + size - 1]. */
  writeState(index: number, row: number, size: number, values: Float32Array, from: number): void {
    const { floats } = this.#runtime;
    const at = this.#stateAt(index, row);
    for (let i = 0; i < size; i++) floats[at + (i >> 4) * this.rows * 16 + (i & 15)] = values[from + i]!;
  }

  /** In words. */
  #stateAt(index: number, row: number): number {
    return (this.#runtime.exports.stateAddress(this.address, index) + row * ROW_BYTES) >> 2;
  }

  #input(index: number): GraphInput {
    const { inputs, encoderInputs } = this.#model;
    return index < inputs.length ? inputs[index]! : encoderInputs[index - inputs.length]!;
  }

  /** n values from values[from] on, into the staging room; `set` takes a whole array, and a part would need a view. */
  #stage(values: Float32Array, from: number, n: number): void {
    const { floats } = this.#runtime;
    if (values.length === n) floats.set(values, this.#staging >> 2);
    else copyRange(floats, this.#staging >> 2, values, from, n);
  }

  #view(n: number): Float32Array {
    const at = this.#staging >> 2;
    if (this.#staged.length !== n) this.#staged = this.#runtime.floats.subarray(at, at + n);
    return this.#staged;
  }
}

function widest({ inputs, encoderInputs, outputs }: Model): number {
  return Math.max(...[...inputs, ...encoderInputs, ...outputs].map(({ size }) => size));
}
