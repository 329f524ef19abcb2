import { RivuletError, show } from '../errors.ts';
import type { InferExports } from '../runtime/exports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import {
  refusal,
  requireFinite,
  requireFloats,
  requireRoom,
  requireTimesteps,
  requireToken,
} from './arguments.ts';
import { copy, copyRange } from './copy.ts';
import type { Model } from './model.ts';
import { runSequence } from './run.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';
import { transformStream } from './transform.ts';

/** A timestep's input: a token, or a vector of features. */
export type StepInput = number | Uint32Array | Float32Array;

export interface RowOptions {
  /** The stream of a batched session. Only 0 yet. */
  row?: number;
}

export interface RestoreOptions extends RowOptions {
  /** Accept the state of a model of the same shape with other weights, e.g. before a fine-tuning. */
  allowOtherWeights?: boolean;
}

export interface RunOptions {
  /** How many; by default what the sequence holds. */
  timesteps?: number;
  /** Per row of a batch. Not supported yet. */
  lengths?: Uint32Array;
  /** All timesteps' outputs (default), or the last one's only. */
  returnSequences?: boolean;
  /** Where the outputs go; its beginning is returned. */
  out?: Float32Array;
}

/**
 * One stream through a model: it owns the hidden state. Made by `model.createSession()`.
 *
 * Whatever a method refuses, the state stays as it was.
 */
export class Session {
  readonly model: Model;
  /** @internal */
  readonly address: number;
  readonly #runtime: Runtime;
  readonly #exports: InferExports;
  readonly #step: InferExports['step'];
  readonly #release: () => void;
  /** Of the only input and output, for `step`; sizes are -1 where there are several. Offsets in 4-byte words. */
  readonly #takesTokens: boolean;
  readonly #inputSize: number;
  readonly #inputAt: number;
  readonly #outputSize: number;
  readonly #outputAt: number;
  /** Input and output in memory; the length of a view is 0 once memory has grown, as it is before the first step. */
  #inputView: Float32Array = new Float32Array(0);
  #outputView: Float32Array = new Float32Array(0);
  #disposed = false;
  #hasOutput = false;

  /** @internal */
  constructor(model: Model, address: number, release: () => void) {
    const { inputs, outputs, runtime } = model;
    this.model = model;
    this.address = address;
    this.#runtime = runtime;
    this.#exports = runtime.exports;
    this.#step = runtime.exports.step;
    this.#release = release;
    this.#takesTokens = inputs[0]!.kind === 'tokens';
    this.#inputSize = inputs.length === 1 ? inputs[0]!.size : -1;
    this.#outputSize = outputs.length === 1 ? outputs[0]!.size : -1;
    this.#inputAt = runtime.exports.inputAddress(address, 0) >> 2;
    this.#outputAt = runtime.exports.outputAddress(address, 0) >> 2;
  }

  /**
   * One timestep of a model with one input and one output. Allocates nothing when `out` is given.
   *
   * @param input the token, or a Float32Array of the input's size
   * @param out where the output goes: at least the output's size; a new array by default
   * @returns out, or the new array
   * @throws RivuletError `wrong-length`, `non-finite-input`, `token-out-of-range`, `invalid-argument`, `disposed`
   */
  step(input: StepInput, out?: Float32Array): Float32Array {
    if (this.#disposed) throw disposed();
    if (this.#inputSize < 0 || this.#outputSize < 0) throw this.#severalInputs('step', 'stepNamed');
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
    const status = this.#step(this.address);
    if (status !== 0) throw refusal(this.#runtime, this.model.inputs, status);
    this.#hasOutput = true;
    if (this.#outputView.length === 0) this.#outputView = this.#view(this.#outputAt, this.#outputSize);
    copy(result, this.#outputView);
    return result;
  }

  /**
   * One timestep of a model with several inputs or outputs, by name. Only the outputs that are named are written.
   *
   * @throws RivuletError as `step`
   */
  stepNamed(
    inputs: Readonly<Record<string, StepInput>>,
    outputs: Readonly<Record<string, Float32Array>>,
  ): void {
    if (this.#disposed) throw disposed();
    requireNames('input', inputs, this.model.inputs, true);
    requireNames('output', outputs, this.model.outputs, false);
    for (const input of this.model.inputs) {
      const value = inputs[input.name];
      if (input.kind === 'tokens') requireToken(input, single(value), 0);
      else requireFloats(`input "${input.name}"`, value, input.size);
    }
    for (const { name, size } of this.model.outputs)
      if (name in outputs) requireRoom(`output "${name}"`, outputs[name], size);
    this.model.inputs.forEach((input, i) => {
      const at = this.#exports.inputAddress(this.address, i) >> 2;
      const value = inputs[input.name]!;
      if (input.kind === 'tokens') this.#runtime.words[at] = single(value) as number;
      else this.#runtime.floats.set(value as Float32Array, at);
    });
    const status = this.#step(this.address);
    if (status !== 0) throw refusal(this.#runtime, this.model.inputs, status);
    this.model.outputs.forEach(({ name, size }, i) => {
      const at = this.#exports.outputAddress(this.address, i) >> 2;
      if (name in outputs) copyRange(outputs[name]!, 0, this.#runtime.floats, at, size);
    });
  }

  /**
   * The real-time form of `timesteps` steps: no options object, no allocation, no growth of memory.
   *
   * @param input [timesteps, features]
   * @param output [timesteps, size of the output]
   * @throws RivuletError as `step`, and `not-supported` for a model that takes tokens
   */
  process(input: Float32Array, output: Float32Array, timesteps: number): void {
    if (this.#disposed) throw disposed();
    if (this.#inputSize < 0 || this.#outputSize < 0) throw this.#severalInputs('process', 'stepNamed');
    if (this.#takesTokens) {
      throw new RivuletError(
        'not-supported',
        'process takes features, and this model takes tokens: use step or run',
      );
    }
    requireTimesteps(timesteps);
    requireRoom('input', input, timesteps * this.#inputSize);
    requireRoom('output', output, timesteps * this.#outputSize);
    requireFinite(this.model.inputs[0]!, input, timesteps * this.#inputSize);
    const floats = this.#runtime.floats;
    for (let t = 0; t < timesteps; t++) {
      copyRange(floats, this.#inputAt, input, t * this.#inputSize, this.#inputSize);
      const status = this.#step(this.address);
      if (status !== 0) throw refusal(this.#runtime, this.model.inputs, status);
      copyRange(output, t * this.#outputSize, floats, this.#outputAt, this.#outputSize);
    }
  }

  /**
   * A whole sequence, layer by layer: the bits of as many steps, at less cost.
   *
   * @param sequence [timesteps, features], or the tokens
   * @returns [timesteps, size of the output], or the last timestep's output
   * @throws RivuletError as `step`, `not-supported` for `lengths`, `out-of-memory`
   */
  run(sequence: Float32Array | Uint32Array | readonly number[], options: RunOptions = {}): Float32Array {
    if (this.#disposed) throw disposed();
    if (this.#inputSize < 0 || this.#outputSize < 0) throw this.#severalInputs('run', 'stepNamed');
    if (options.lengths !== undefined) {
      throw new RivuletError(
        'not-supported',
        'run: lengths belong to a batch, and a session holds one stream yet',
      );
    }
    this.#hasOutput = false;
    return runSequence(this, sequence, options);
  }

  /**
   * Back to the zero state.
   *
   * @throws RivuletError `disposed`, `not-supported`
   */
  reset(options: RowOptions = {}): void {
    this.#requireRow(options);
    this.#hasOutput = false;
    this.#exports.sessionReset(this.address);
  }

  /**
   * The state as bytes, which any host restores to the bit.
   *
   * @throws RivuletError `non-finite-state` where the stream has overflowed float32, `disposed`, `not-supported`
   */
  snapshot(options: RowOptions = {}): Uint8Array {
    this.#requireRow(options);
    const values = new Float32Array(this.#stateLength());
    let to = 0;
    this.model.states.forEach(({ size }, i) => {
      copyRange(values, to, this.#runtime.floats, this.#stateAt(i), size);
      to += size;
    });
    if (!values.every(Number.isFinite)) {
      throw new RivuletError(
        'non-finite-state',
        'the state has overflowed float32 and a snapshot of it could not go on: reset the session, or restore an earlier one',
      );
    }
    return writeSnapshot(this.model.fingerprint, values);
  }

  /**
   * Goes on where the snapshot was taken.
   *
   * @throws RivuletError `invalid-snapshot`, `snapshot-mismatch`, `disposed`, `not-supported`
   */
  restore(bytes: Uint8Array, options: RestoreOptions = {}): void {
    this.#requireRow(options);
    const values = readSnapshot(
      bytes,
      this.model.fingerprint,
      this.#stateLength(),
      options.allowOtherWeights === true,
    );
    this.#hasOutput = false;
    let from = 0;
    this.model.states.forEach(({ size }, i) => {
      this.#runtime.floats.set(values.subarray(from, from + size), this.#stateAt(i));
      from += size;
    });
  }

  /** A copy of a state, e.g. `lstm.h` or `lstm.c`. @throws RivuletError `invalid-argument`, `disposed` */
  getState(name: string): Float32Array {
    const { index, size } = this.#state(name);
    const at = this.#stateAt(index);
    return this.#runtime.floats.slice(at, at + size);
  }

  /** @throws RivuletError `invalid-argument`, `wrong-length`, `non-finite-input`, `disposed` */
  setState(name: string, values: Float32Array): void {
    const { index, size } = this.#state(name);
    requireFloats(`state "${name}"`, values, size);
    requireFinite({ name, kind: 'features', size }, values, size);
    this.#hasOutput = false;
    this.#runtime.floats.set(values, this.#stateAt(index));
  }

  /** @throws RivuletError `not-supported`: a session holds one stream yet */
  addRow(): never {
    throw new RivuletError('not-supported', 'addRow: a session holds one stream yet, create another session');
  }

  /** @throws RivuletError `not-supported`: a session holds one stream yet */
  removeRow(_row: number): never {
    throw new RivuletError('not-supported', 'removeRow: a session holds one stream yet, dispose it instead');
  }

  /** A Web Stream that steps: inputs go in, one output (a new Float32Array) comes out for each. */
  transform(): TransformStream<StepInput, Float32Array> {
    if (this.#disposed) throw disposed();
    return transformStream(this);
  }

  /** Frees the session; whatever is called on it afterwards throws `disposed`. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#runtime.free(this.address);
    this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Whether the outputs in memory are those of the present state. */
  get hasOutput(): boolean {
    return this.#hasOutput;
  }

  /** @internal Where the last step's output `index` lies, in words. @throws RivuletError `disposed` */
  outputAt(index: number): number {
    if (this.#disposed) throw disposed();
    return this.#exports.outputAddress(this.address, index) >> 2;
  }

  #view(at: number, size: number): Float32Array {
    return this.#runtime.floats.subarray(at, at + size);
  }

  #token(input: unknown): number {
    const token = single(input);
    // The module checks the range too, but sees -1 or 1.5 only after conversion to 32 bits.
    requireToken(this.model.inputs[0]!, token, 0);
    return token;
  }

  #state(name: string): { index: number; size: number } {
    if (this.#disposed) throw disposed();
    const index = this.model.states.findIndex((state) => state.name === name);
    if (index < 0) {
      const names = this.model.states.map((state) => state.name).join(', ');
      throw new RivuletError(
        'invalid-argument',
        `no state is called ${show(name)}: the model has ${names || 'none'}`,
      );
    }
    return { index, size: this.model.states[index]!.size };
  }

  #stateAt(index: number): number {
    return this.#exports.stateAddress(this.address, index) >> 2;
  }

  #stateLength(): number {
    return this.model.states.reduce((sum, { size }) => sum + size, 0);
  }

  #requireRow({ row = 0 }: RowOptions): void {
    if (this.#disposed) throw disposed();
    if (row !== 0)
      throw new RivuletError('not-supported', `row ${show(row)}: a session holds one stream yet, row 0`);
  }

  #severalInputs(method: string, instead: string): RivuletError {
    const { inputs, outputs } = this.model;
    return new RivuletError(
      'invalid-argument',
      `${method} is for one input and one output, and this model has ${inputs.length} and ${outputs.length}: use ${instead}`,
    );
  }
}

function disposed(): RivuletError {
  return new RivuletError('disposed', 'the session, or its model, is disposed: create another');
}

/** The value itself, or the only one of a list: a token may come as either. */
function single(value: unknown): unknown {
  return value instanceof Uint32Array && value.length === 1 ? value[0] : value;
}

function requireNames(
  kind: string,
  given: Readonly<Record<string, unknown>>,
  known: readonly { readonly name: string }[],
  all: boolean,
): void {
  if (typeof given !== 'object' || given === null) {
    throw new RivuletError('invalid-argument', `${kind}s must be an object by name, got ${show(given)}`);
  }
  const names = known.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new RivuletError(
        'invalid-argument',
        `no ${kind} is called ${show(name)}: the model has ${names.join(', ')}`,
      );
    }
  }
  for (const name of all ? names : []) {
    if (!Object.hasOwn(given, name))
      throw new RivuletError('invalid-argument', `${kind} ${show(name)} is missing`);
  }
}
