/**
 * A fixture: safetensors with F64 kept as it is, which the library's own reader turns into F32. A tensor that
 * is missing or of another dtype than is asked for throws.
 */
import { readFileSync } from 'node:fs';

type FixtureData = Float64Array | Float32Array | Int32Array;

interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: FixtureData;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

export class Fixture {
  readonly #tensors: ReadonlyMap<string, FixtureTensor>;
  readonly #prefix: string;

  /**
   * name: that of a file in test/golden/fixtures, without its ending; prefix: of every tensor to be asked
   * for.
   */
  constructor(name: string, prefix = '') {
    this.#tensors = readTensors(new URL(`./fixtures/${name}.safetensors`, import.meta.url));
    this.#prefix = prefix;
  }

  shape(name: string): readonly number[] {
    return this.#tensor(name).shape;
  }

  size(name: string, axis: number): number {
    const size = this.shape(name)[axis];
    if (size === undefined) throw new Error(`fixture tensor ${name} has no axis ${axis}`);
    return size;
  }

  float64(name: string): Float64Array {
    return this.#data(name, Float64Array);
  }

  float32(name: string): Float32Array {
    return this.#data(name, Float32Array);
  }

  int32(name: string): Int32Array {
    return this.#data(name, Int32Array);
  }

  #data<T>(name: string, type: new (...args: never[]) => T): T {
    const { data } = this.#tensor(name);
    if (data instanceof type) return data;
    throw new Error(`fixture tensor ${name}: ${type.name} expected, ${data.constructor.name} came`);
  }

  #tensor(name: string): FixtureTensor {
    const tensor = this.#tensors.get(this.#prefix + name);
    if (tensor === undefined) throw new Error(`the fixture has no tensor ${this.#prefix}${name}`);
    return tensor;
  }
}

function readTensors(url: URL): Map<string, FixtureTensor> {
  const bytes = readFileSync(url);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const tensors = new Map<string, FixtureTensor>();
  for (const [tensor, { dtype, shape, data_offsets }] of Object.entries<Entry>(entries)) {
    const [first, end] = data_offsets;
    // A copy, because a typed array needs an aligned start.
    const data = Uint8Array.from(bytes.subarray(start + first, start + end)).buffer;
    tensors.set(tensor, { shape, data: arrayOf(dtype, data) });
  }
  return tensors;
}

function arrayOf(dtype: string, data: ArrayBuffer): FixtureData {
  if (dtype === 'F64') return new Float64Array(data);
  if (dtype === 'F32') return new Float32Array(data);
  if (dtype === 'I32') return new Int32Array(data);
  throw new Error(`a fixture holds F64, F32 and I32, not ${dtype}`);
}
