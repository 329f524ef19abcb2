import type { Adapter } from '../adapters/adapter.ts';
import { RivuletError } from '../errors.ts';
import type { InferExports } from '../runtime/exports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import {
  notStreamable,
  refusal,
  requireFinite,
  requireFloats,
  requireNames,
  requireRoom,
  requireTimestepOfTokens,
  requireTimesteps,
  requireToken,
} from './arguments.ts';
import type { Block } from './block.ts';
import { copy, copyRange } from './copy.ts';
import { encodeSequence, requireEncodable } from './encode.ts';
import type { Model } from './model.ts';
import type {
  RestoreOptions,
  RowOptions,
  RunOptions,
  Sequence,
  SequenceOptions,
  StepInput,
} from './options.ts';
import { oneRow, range, rebuild, requireRow, rowsOf } from './rows.ts';
import { runSequence } from './run.ts';
import { restoreRows, snapshotRow, stateNamed } from './states.ts';
import { transformStream } from './transform.ts';

/**
 * One stream through a model, or a batch of them in step with each other, its rows: it owns their hidden states. Made by
 * `model.createSession()`. Each row has the bits that it would have alone.
 *
 * Whatever a method refuses, the state stays as it was.
 */
export class Session {
  readonly model: Model;
  readonly #runtime: Runtime;
  readonly #exports: InferExports;
  readonly #step: InferExports['step'];
  readonly #release: () => void;
  /** Of the only input and output. */
  readonly #takesTokens: boolean;
  readonly #inputSize: number;
  readonly #outputSize: number;
  #block: Block;
  /** Whether `step` may copy straight between arrays and panels: alive, with one row, one input and one output. */
  #straight = false;
  /** The block's address; where its only input and output lie, in 4-byte words. */
  #address = 0;
  #inputAt = 0;
  #outputAt = 0;
  /** Input and output in memory; the length of a view is 0 once memory has grown, as it is before the first step. */
  #inputView: Float32Array = new Float32Array(0);
  #outputView: Float32Array = new Float32Array(0);
  #disposed = false;
  #hasOutput = false;

  /** @internal */
  constructor(model: Model, block: Block, release: () => void) {
    const { inputs, outputs, runtime } = model;
    this.model = model;
    this.#runtime = runtime;
    this.#exports = runtime.exports;
    this.#step = runtime.exports.step;
    this.#release = release;
    this.#takesTokens = inputs[0]!.kind === 'tokens';
    this.#inputSize = inputs[0]!.size;
    this.#outputSize = outputs[0]!.size;
    this.#block = block;
    this.#moveTo(block);
  }

  /** Streams in step with each other: the rows of a batch. */
  get batchSize(): number {
    return this.#block.rows;
  }

  /** @internal Where the session lies, which addRow, removeRow and encode may change. */
  get address(): number {
    return this.#address;
  }

  /**
   * One timestep of a model with one input and one output. Allocates nothing when `out` is given.
   *
   * @param input the token, or a Float32Array of the input's size; of a batch, a Uint32Array [batch] of tokens or a
   * Float32Array [batch, features]
   * @param out where the output goes, [batch, size of the output]; a new array by default
   * @returns out, or the new array
   * @throws RivuletError `wrong-length`, `non-finite-input`, `token-out-of-range`, `invalid-argument`, `not-streamable`,
   * `not-encoded`, `disposed`
   */
  step(input: StepInput, out?: Float32Array): Float32Array {
    if (!this.#straight) return this.#stepRows(input, out);
    const result = out === undefined ? new Float32Array(this.#outputSize) : out;
    if (!(result instanceof Float32Array) || result.length < this.#outputSize) {
      requireRoom('out', result, this.#outputSize);
    }
    if (this.#takesTokens) {
      this.#runtime.words[this.#inputAt] = this.#token(input);
    } else {
      if (!(input instanceof Float32Array) || input.length !== this.#inputSize) {
        requireFloats(`input "${this.model.inputs[0]!.name}"`, input, this.#inputSize);
      }
      if (this.#inputView.length === 0) this.#inputView = this.#view(this.#inputAt, this.#inputSize);
      copy(this.#inputView, input as Float32Array);
    }
    const status = this.#step(this.#address);
    if (status !== 0) throw refusal(this.model, 1, status);
    this.#hasOutput = true;
    if (this.#outputView.length === 0) this.#outputView = this.#view(this.#outputAt, this.#outputSize);
    copy(result, this.#outputView);
    return result;
  }

  /** `step` of a batch. */
  #stepRows(input: StepInput, out?: Float32Array): Float32Array {
    this.#requireOne('step', 'stepNamed');
    const rows = this.#block.rows;
    const result = out === undefined ? new Float32Array(rows * this.#outputSize) : out;
    requireRoom('out', result, rows * this.#outputSize);
    this.#requireTimestep(0, input);
    this.#block.write(0, input as Uint32Array | Float32Array, 0, rows);
    this.#advance();
    this.#hasOutput = true;
    this.#block.read(0, 0, rows, result, 0);
    return result;
  }

  /**
   * One timestep of a model with several inputs or outputs, by name: each as `step` takes it. Only the outputs that are
   * named are written.
   *
   * @throws RivuletError as `step`
   */
  stepNamed(
    inputs: Readonly<Record<string, StepInput>>,
    outputs: Readonly<Record<string, Float32Array>>,
  ): void {
    this.assertAlive();
    const { model } = this;
    const rows = this.#block.rows;
    requireNames('input', inputs, model.inputs, true);
    requireNames('output', outputs, model.outputs, false);
    const values = model.inputs.map(({ name }) => listOf(inputs[name]!));
    values.forEach((value, i) => {
      this.#requireTimestep(i, value);
    });
    for (const { name, size } of model.outputs)
      if (name in outputs) requireRoom(`output "${name}"`, outputs[name], rows * size);
    values.forEach((value, i) => {
      this.#block.write(i, value, 0, rows);
    });
    this.#advance();
    model.outputs.forEach(({ name }, i) => {
      if (name in outputs) this.#block.read(i, 0, rows, outputs[name]!, 0);
    });
  }

  /**
   * The real-time form of `timesteps` steps: no options object, no allocation, no growth of memory.
   *
   * @param input [timesteps, batch, features]
   * @param output [timesteps, batch, size of the output]
   * @throws RivuletError as `step`, and `not-supported` for a model that takes tokens
   */
  process(input: Float32Array, output: Float32Array, timesteps: number): void {
    this.#requireOne('process', 'stepNamed');
    if (this.#takesTokens) {
      throw new RivuletError(
        'not-supported',
        'process takes features, and this model takes tokens: use step or run',
      );
    }
    requireTimesteps(timesteps);
    const rows = this.#block.rows;
    requireRoom('input', input, timesteps * rows * this.#inputSize);
    requireRoom('output', output, timesteps * rows * this.#outputSize);
    requireFinite(this.model.inputs[0]!, input, timesteps * rows * this.#inputSize, rows);
    if (rows === 1) this.#processStraight(input, output, timesteps);
    else this.#processRows(input, output, timesteps, rows);
  }

  #processStraight(input: Float32Array, output: Float32Array, timesteps: number): void {
    const floats = this.#runtime.floats;
    for (let t = 0; t < timesteps; t++) {
      copyRange(floats, this.#inputAt, input, t * this.#inputSize, this.#inputSize);
      this.#advance();
      copyRange(output, t * this.#outputSize, floats, this.#outputAt, this.#outputSize);
    }
  }

  #processRows(input: Float32Array, output: Float32Array, timesteps: number, rows: number): void {
    for (let t = 0; t < timesteps; t++) {
      this.#block.write(0, input, t * rows, rows);
      this.#advance();
      this.#block.read(0, 0, rows, output, t * rows * this.#outputSize);
    }
  }

  /**
   * A whole sequence, layer by layer: the bits of as many steps, at less cost. It goes on where the session is. A model
   * with nodes that go backward through time needs room for the whole sequence at once, and keeps it for the next one.
   *
   * @param sequence [timesteps, batch, features], or the tokens [timesteps, batch]
   * @returns [timesteps, batch, size of the output], or each row's last output, [batch, size of the output]
   * @throws RivuletError `wrong-length`, `non-finite-input`, `token-out-of-range`, `invalid-argument`, `not-encoded`,
   * `disposed`, `out-of-memory`
   */
  run(sequence: Sequence, options: RunOptions = {}): Float32Array {
    this.#requireOne('run', 'stepNamed');
    this.#hasOutput = false;
    return runSequence(this.model, this.#block, sequence, options);
  }

  /**
   * Of a model with an encoder: runs it over a whole sequence, all rows from their initial states, so that what it leaves
   * is there for `step` and `run`, and the states that begin with it are set. `reset` forgets it.
   *
   * @param sequence [timesteps, batch, features], or the tokens [timesteps, batch], of the encoder's input
   * @throws RivuletError `empty-data` where a row has no timestep, `wrong-length`, `non-finite-input`,
   * `token-out-of-range`, `invalid-argument`, `disposed`, `out-of-memory`
   */
  encode(sequence: Sequence, options: SequenceOptions = {}): void {
    this.assertAlive();
    const rows = this.#block.rows;
    const timesteps = requireEncodable(this.model, rows, sequence, options);
    if (timesteps > this.#block.memory)
      this.#moveTo(rebuild(this.model, this.#block, range(rows), timesteps));
    this.#hasOutput = false;
    encodeSequence(this.model, this.#block, sequence, timesteps, options.lengths);
  }

  /**
   * Back to the initial state: one row of a batch, or all rows, and then what the encoder left is forgotten too.
   *
   * @throws RivuletError `disposed`, `invalid-argument`
   */
  reset({ row }: RowOptions = {}): void {
    this.assertAlive();
    if (row === undefined) this.#exports.sessionReset(this.#address);
    else this.#exports.sessionResetRow(this.#address, requireRow(this.#block.rows, row));
    this.#hasOutput = false;
  }

  /**
   * The state of a row as bytes, which any host restores to the bit, into a row of any batch. A batch has one for each
   * row. What an encoder left is not in it.
   *
   * @throws RivuletError `non-finite-state` where the stream has overflowed float32, `disposed`, `invalid-argument`
   */
  snapshot(options: RowOptions = {}): Uint8Array {
    this.assertAlive();
    return snapshotRow(this.model, this.#block, oneRow('snapshot', this.#block.rows, options));
  }

  /**
   * Goes on where the snapshot was taken: a row of a batch, or all rows from the same state. What an encoder left stays.
   *
   * @throws RivuletError `invalid-snapshot`, `snapshot-mismatch`, `disposed`, `invalid-argument`
   */
  restore(bytes: Uint8Array, options: RestoreOptions = {}): void {
    this.assertAlive();
    const rows = rowsOf(this.#block.rows, options);
    restoreRows(this.model, this.#block, rows, bytes, options.allowOtherWeights === true);
    this.#hasOutput = false;
  }

  /** What the session computes with besides the weights of the model. */
  get adapter(): Adapter | undefined {
    return this.#block.adapter?.adapter;
  }

  /**
   * From now on all rows compute with this adapter, or with the model alone; their states stay. Sessions of one model have
   * adapters of their own, beside the weights that they share.
   *
   * @param adapter of this model; null for none
   * @throws RivuletError `adapter-mismatch` for one of another model, `invalid-argument` where the model was loaded without
   * room for it, `out-of-memory`, `disposed`
   */
  setAdapter(adapter: Adapter | null): void {
    this.assertAlive();
    const { placedAdapters } = this.model;
    const before = this.#block.adapter;
    this.#block.adapt(adapter === null ? undefined : placedAdapters.acquire(adapter));
    if (before) placedAdapters.release(before);
    this.#hasOutput = false;
  }

  /** A copy of a state of a row, e.g. `lstm.h` or `lstm.c`. @throws RivuletError `invalid-argument`, `disposed` */
  getState(name: string, options: RowOptions = {}): Float32Array {
    this.assertAlive();
    const { index, size } = stateNamed(this.model, name);
    const values = new Float32Array(size);
    this.#block.readState(index, oneRow('getState', this.#block.rows, options), size, values, 0);
    return values;
  }

  /**
   * Of a row, or of all rows alike.
   *
   * @throws RivuletError `invalid-argument`, `wrong-length`, `non-finite-input`, `disposed`
   */
  setState(name: string, values: Float32Array, options: RowOptions = {}): void {
    this.assertAlive();
    const { index, size } = stateNamed(this.model, name);
    requireFloats(`state "${name}"`, values, size);
    requireFinite({ name, kind: 'features', size }, values, size);
    for (const row of rowsOf(this.#block.rows, options)) this.#block.writeState(index, row, size, values, 0);
    this.#hasOutput = false;
  }

  /**
   * One more stream, behind the others, in the initial state. The session moves within memory, at the cost of a copy.
   *
   * @returns its row
   * @throws RivuletError `out-of-memory`, `not-supported` for a model with an encoder, `disposed`
   */
  addRow(): number {
    this.assertAlive();
    const { rows } = this.#block;
    if (this.model.encoderInputs.length > 0) {
      throw new RivuletError(
        'not-supported',
        'addRow: the rows of a model with an encoder are encoded together: ' +
          `create a session with batchSize ${rows + 1}, and encode its sequences`,
      );
    }
    this.#moveTo(rebuild(this.model, this.#block, [...range(rows), undefined]));
    return rows;
  }

  /**
   * Takes a stream out; the rows behind it move up by one. The last one stays.
   *
   * @throws RivuletError `invalid-argument`, `out-of-memory`, `disposed`
   */
  removeRow(row: number): void {
    this.assertAlive();
    const { rows } = this.#block;
    requireRow(rows, row);
    if (rows === 1) {
      throw new RivuletError(
        'invalid-argument',
        'removeRow: a session has at least one row: reset it, or dispose of the session',
      );
    }
    const others = range(rows).filter((other) => other !== row);
    this.#moveTo(rebuild(this.model, this.#block, others));
  }

  /**
   * A Web Stream that steps: inputs go in, one output (a new Float32Array) comes out for each.
   *
   * @throws RivuletError `not-streamable`, `disposed`
   */
  transform(): TransformStream<StepInput, Float32Array> {
    this.assertAlive();
    if (this.model.notStreamable !== undefined) throw notStreamable(this.model);
    return transformStream(this);
  }

  /** Frees the session; whatever is called on it afterwards throws `disposed`. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#straight = false;
    if (this.#block.adapter) this.model.placedAdapters.release(this.#block.adapter);
    this.#block.free();
    this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Where its rows lie, until addRow, removeRow or encode move them. @throws RivuletError `disposed` */
  get block(): Block {
    this.assertAlive();
    return this.#block;
  }

  /** @internal @throws RivuletError `disposed` */
  assertAlive(): void {
    if (!this.#disposed) return;
    throw new RivuletError('disposed', 'the session, or its model, is disposed: create another');
  }

  /** @internal Whether the outputs in memory are those of the present state. */
  get hasOutput(): boolean {
    return this.#hasOutput;
  }

  /** @internal Where the last step's output `index` lies, in words. @throws RivuletError `disposed` */
  outputAt(index: number): number {
    this.assertAlive();
    return this.#exports.outputAddress(this.#address, index) >> 2;
  }

  /** The session lies in another block from now on, and nothing of the old one is used any more. */
  #moveTo(block: Block): void {
    const { inputs, outputs } = this.model;
    this.#block = block;
    this.#address = block.address;
    this.#straight = block.rows === 1 && inputs.length === 1 && outputs.length === 1;
    this.#inputAt = this.#exports.inputAddress(block.address, 0) >> 2;
    this.#outputAt = this.#exports.outputAddress(block.address, 0) >> 2;
    this.#inputView = new Float32Array(0);
    this.#outputView = new Float32Array(0);
    this.#hasOutput = false;
  }

  #view(at: number, size: number): Float32Array {
    return this.#runtime.floats.subarray(at, at + size);
  }

  #token(input: unknown): number {
    const token = input instanceof Uint32Array && input.length === 1 ? input[0] : input;
    // The module checks the range too, but sees -1 or 1.5 only after conversion to 32 bits.
    requireToken(this.model.inputs[0]!, token);
    return token;
  }

  /** What a step takes for input number `index`, but for NaN and infinity, which the module refuses. */
  #requireTimestep(index: number, value: unknown): void {
    const input = this.model.inputs[index]!;
    const { rows } = this.#block;
    if (input.kind === 'tokens') requireTimestepOfTokens(input, value, rows);
    else requireFloats(`input "${input.name}"`, value, rows * input.size);
  }

  #advance(): void {
    const status = this.#step(this.#address);
    if (status !== 0) throw refusal(this.model, this.#block.rows, status);
  }

  #requireOne(method: string, instead: string): void {
    this.assertAlive();
    const { inputs, outputs } = this.model;
    if (inputs.length === 1 && outputs.length === 1) return;
    throw new RivuletError(
      'invalid-argument',
      `${method} is for one input and one output, and this model has ${inputs.length} and ${outputs.length}: use ${instead}`,
    );
  }
}

/** A token may come as a number. */
function listOf(value: StepInput): ArrayLike<number> {
  return typeof value === 'number' ? [value] : value;
}
