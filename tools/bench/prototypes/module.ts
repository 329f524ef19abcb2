/** The exports of the study's cells2_gen.ts that are used here. Addresses are bytes; g is room for the gates. */
export interface PrototypeExports {
  readonly memory: WebAssembly.Memory;
  lstm_f32(w: number, bias: number, xh: number, c: number, I: number, H: number, g: number): void;
  lstm_p8_sx(
    w: number,
    scales: number,
    bias: number,
    x: number,
    q: number,
    c: number,
    h: number,
    I: number,
    H: number,
    qmax: number,
    g: number,
  ): void;
  gru_f32(w: number, bias: number, xh: number, I: number, H: number, g: number): void;
  gru_p8(
    w: number,
    scales: number,
    bias: number,
    xh: number,
    q: number,
    I: number,
    H: number,
    qmax: number,
    g: number,
  ): void;
  /** -128 times the sum of the quantized h, which lstm_p8_sx keeps from one step to the next. */
  get_hs(): number;
  set_hs(value: number): void;
}

/** The first byte that the module's static data leaves free. */
const HEAP_START = 2 << 20;

/** An instance of the prototypes, and blocks of its memory that all end together. */
export class PrototypeModule {
  readonly exports: PrototypeExports;
  #top = HEAP_START;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const abort = () => {
      throw new Error('a prototype aborted');
    };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort } });
    this.exports = instance.exports as unknown as PrototypeExports;
  }

  /** Forgets all blocks. */
  reset(): void {
    this.#top = HEAP_START;
  }

  /** The address of zeros. */
  zeros(bytes: number): number {
    const address = (this.#top + 63) & ~63;
    this.#top = address + bytes;
    new Uint8Array(this.exports.memory.buffer, address, bytes).fill(0);
    return address;
  }

  /** The address of a copy. */
  put(values: Float32Array | Int16Array): number {
    const address = this.zeros(values.byteLength);
    const { buffer, byteOffset, byteLength } = values;
    new Uint8Array(this.exports.memory.buffer).set(new Uint8Array(buffer, byteOffset, byteLength), address);
    return address;
  }

  /** A view; the module's memory never grows. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.exports.memory.buffer, address, length);
  }
}
