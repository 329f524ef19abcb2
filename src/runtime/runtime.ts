import { RivuletError } from '../errors.ts';
import type { InferExports, TrainExports } from './exports.ts';

// The module's exports are plain functions over addresses: there is nothing for @assemblyscript/loader to convert
// (it maps managed strings, arrays and classes, of which the module has none), and the core imports no package.

/**
 * One instance of the module and its memory, in which many models and sessions live. Made by `createRuntime` or
 * `createRuntimeSync`.
 */
export class Runtime {
  readonly build: 'simd' | 'scalar';
  /** `train` where the module can train too. */
  readonly module: 'infer' | 'train';
  /** @internal */
  readonly exports: InferExports;
  #bytes = new Uint8Array(0);
  #floats = new Float32Array(0);
  #words = new Uint32Array(0);

  /** @internal */
  constructor(instance: WebAssembly.Instance) {
    this.exports = instance.exports as unknown as InferExports;
    if (typeof this.exports.step !== 'function' || typeof this.exports.sessionInit !== 'function') {
      throw new RivuletError(
        'wasm-unavailable',
        'the WebAssembly module is not one of Rivulet: expected infer.simd.wasm, infer.scalar.wasm or the train modules of this version',
      );
    }
    this.module = 'trainerInit' in instance.exports ? 'train' : 'infer';
    this.build = (instance.exports.simd as WebAssembly.Global).value === 1 ? 'simd' : 'scalar';
  }

  /** Bytes of linear memory in use by the module, all models and all sessions. */
  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength;
  }

  // Growing memory detaches its views, whose length is 0 from then on. Memory begins with 1 MiB (asconfig.json), enough
  // for most small models: once any buffer was detached, V8 asks at every access to a typed array whether this one is,
  // and the checks and copies around a step with I = H = 16 take 80 ns instead of 40.

  /** @internal */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.exports.memory.buffer);
    return this.#bytes;
  }

  /** @internal */
  get floats(): Float32Array {
    if (this.#floats.length === 0) this.#floats = new Float32Array(this.exports.memory.buffer);
    return this.#floats;
  }

  /** @internal */
  get words(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.exports.memory.buffer);
    return this.#words;
  }

  /** @internal @throws RivuletError `not-supported` */
  get trainExports(): TrainExports {
    if (this.module === 'train') return this.exports as TrainExports;
    throw new RivuletError(
      'not-supported',
      'this runtime infers only: training needs createRuntime({ module: "train" })',
    );
  }

  /** @internal A block for `what`, which the error names. */
  allocate(bytes: number, what: string): number {
    const address = bytes > 0 && bytes < 0xffff0000 ? this.exports.allocate(bytes) >>> 0 : 0;
    if (address === 0) {
      throw new RivuletError(
        'out-of-memory',
        `${what} needs ${bytes} bytes, and linear memory (${this.memoryBytes} bytes now) cannot grow so far: ` +
          'dispose models and sessions that are no longer used',
      );
    }
    return address;
  }

  /** @internal */
  free(address: number): void {
    this.exports.free(address);
  }
}
