import { FREE, type KernelExports } from './module.ts';

/** Puts arrays one behind the other into the memory of a module, each on a 64-byte boundary. */
export class Memory {
  readonly kernels: KernelExports;
  #next = FREE;

  constructor(kernels: KernelExports) {
    this.kernels = kernels;
  }

  floats(values: ArrayLike<number>): number {
    const at = this.#take(4 * values.length);
    this.floatsAt(at, values.length).set(values);
    return at;
  }

  bytes(values: Int8Array): number {
    const at = this.#take(values.length);
    new Int8Array(this.kernels.memory.buffer, at, values.length).set(values);
    return at;
  }

  /** `count` float32, all `value`. */
  filled(count: number, value: number): number {
    const at = this.#take(4 * count);
    this.floatsAt(at, count).fill(value);
    return at;
  }

  floatsAt(at: number, count: number): Float32Array {
    return new Float32Array(this.kernels.memory.buffer, at, count);
  }

  wordsAt(at: number, count: number): Uint32Array {
    return new Uint32Array(this.kernels.memory.buffer, at, count);
  }

  /** From the beginning again. */
  clear(): void {
    this.#next = FREE;
  }

  #take(bytes: number): number {
    const at = this.#next;
    this.#next = (at + bytes + 63) & ~63;
    if (this.#next > this.kernels.memory.buffer.byteLength) throw new Error('the memory of the test is full');
    return at;
  }
}

/** n rounded up to whole panels of 16. */
export function columnsOf(n: number): number {
  return Math.ceil(n / 16) * 16;
}
