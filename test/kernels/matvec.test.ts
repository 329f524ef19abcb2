import { beforeAll, describe, expect, it } from 'vitest';
import { matvecInt8, qmaxOf, quantizeActivations } from '../reference/p8.ts';
import { Random } from '../reference/random.ts';
import { columnsOf, Memory } from './memory.ts';
import { kernels, TARGETS, type Target } from './module.ts';

/** Around the blocks of the kernels: 2 (pairs of int8), 16 (a panel) and 32 (two panels, a block of int8 rows). */
const SIZES = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100];
const GUARD = 12345.5;
/** Rows of the output buffer; the product goes into the second, so both neighbours must stay as they are. */
const ROWS = 3;

const memories = new Map<Target, Memory>();

beforeAll(async () => {
  for (const target of TARGETS) memories.set(target, new Memory(await kernels(target)));
}, 60_000);

/** `out` of ROWS rows of panels, all GUARD, with one row taken out and in again. */
class Output {
  readonly memory: Memory;
  readonly at: number;
  readonly columns: number;
  readonly stride = ROWS * 64;

  constructor(memory: Memory, columns: number) {
    this.memory = memory;
    this.columns = columns;
    this.at = memory.filled(columns * ROWS, GUARD);
  }

  /** Address of the row that is written. */
  get row(): number {
    return this.at + 64;
  }

  write(values: ArrayLike<number>): void {
    const floats = this.memory.floatsAt(this.at, this.columns * ROWS);
    for (let i = 0; i < this.columns; i++) floats[this.#index(i)] = values[i]!;
  }

  /** The row; throws where a neighbour has changed. */
  read(): Float32Array {
    const floats = this.memory.floatsAt(this.at, this.columns * ROWS).slice();
    const row = Float32Array.from({ length: this.columns }, (_, i) => floats[this.#index(i)]!);
    for (let i = 0; i < this.columns; i++) floats[this.#index(i)] = GUARD;
    if (!floats.every((value) => value === GUARD)) throw new Error('a neighbouring row was written');
    return row;
  }

  #index(column: number): number {
    return (column >> 4) * ROWS * 16 + 16 + (column & 15);
  }
}

interface FloatCase {
  readonly k: number;
  readonly n: number;
  readonly weights: Float32Array;
  readonly x: Float32Array;
  /** Zero in the padding. */
  readonly init: Float32Array;
}

function floatCase(k: number, n: number, random: Random): FloatCase {
  const init = new Float32Array(columnsOf(n));
  init.set(random.uniforms(n, -1, 1));
  return { k, n, weights: random.gaussians(n * k), x: random.gaussians(k), init };
}

/** The chain that the kernel documents: init, then k = 0, 1, …, each operation rounded to float32. */
function chain({ k, n, weights, x, init }: FloatCase): Float32Array {
  return init.map((start, row) => {
    let sum = start;
    for (let i = 0; row < n && i < k; i++)
      sum = Math.fround(sum + Math.fround(weights[row * k + i]! * x[i]!));
    return sum;
  });
}

function runFloat(memory: Memory, { k, n, weights, x, init }: FloatCase, accumulate: boolean): Float32Array {
  memory.clear();
  const columns = columnsOf(n);
  const packed = memory.filled(columns * k, GUARD);
  expect(memory.kernels.packF32(memory.floats(weights), n, k, packed)).toBe(1);
  const bias = memory.floats(init);
  const out = new Output(memory, columns);
  if (accumulate) out.write(init);
  const [from, stride] = accumulate ? [out.row, out.stride] : [bias, 64];
  memory.kernels.matvecF32(memory.floats(x), k, packed, from, stride, out.row, out.stride, columns);
  return out.read();
}

describe('matvecF32', () => {
  const seed = 11;
  it.each(SIZES)(`gives the bits of a plain chain of float32 operations, K = %i (seed ${seed})`, (k) => {
    const random = new Random(seed + k);
    for (const n of SIZES) {
      const given = floatCase(k, n, random);
      const expected = chain(given);
      for (const target of TARGETS) {
        for (const accumulate of [false, true]) {
          const y = runFloat(memories.get(target)!, given, accumulate);
          // toEqual tells 0 from -0; the padding is +0 in both.
          expect(y, `K ${k}, N ${n}, ${target}, ${accumulate ? 'added to out' : 'bias'}`).toEqual(expected);
          expect(y.subarray(n).every((value) => Object.is(value, 0))).toBe(true);
        }
      }
    }
  });
});

interface Int8Case {
  readonly k: number;
  readonly n: number;
  readonly weights: Int8Array;
  readonly scales: Float32Array;
  readonly x: Float32Array;
  readonly init: Float32Array<ArrayBuffer>;
}

function int8Case(k: number, n: number, random: Random): Int8Case {
  const weights = Int8Array.from({ length: n * k }, () => random.integer(-128, 128));
  return {
    k,
    n,
    weights,
    scales: random.uniforms(n, 1e-4, 1e-2),
    x: random.gaussians(k),
    init: new Float32Array(random.uniforms(n, -1, 1)),
  };
}

function padded(values: Float32Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(columnsOf(values.length));
  result.set(values);
  return result;
}

function runInt8(memory: Memory, given: Int8Case): { y: Float32Array; qmax: number } {
  const { k, n, weights, scales, x, init } = given;
  const { kernels } = memory;
  memory.clear();
  const columns = columnsOf(n);
  const pairs = Math.ceil(k / 2);
  const packed = memory.filled(columns * pairs, GUARD);
  kernels.clearInt8(packed, columns, pairs);
  kernels.packInt8(memory.bytes(weights), n, k, packed, 0, columns, pairs);
  const qmax = kernels.qmaxOf(kernels.largestRowSum(packed, columns, pairs));
  const q = memory.filled(columnsOf(k), GUARD);
  const s = kernels.quantizeInt16(memory.floats(padded(x)), 64, columnsOf(k) >> 4, q, qmax);
  const sum = kernels.quantizedSum.value as number;
  const out = new Output(memory, columns);
  const bias = memory.floats(padded(init));
  const scale = memory.floats(padded(scales));
  kernels.matvecInt8(q, pairs, packed, scale, s, sum, bias, 64, out.row, out.stride, columns);
  return { y: out.read(), qmax };
}

function expectInt8(given: Int8Case): void {
  const { k, n, weights, scales, x, init } = given;
  const expected = matvecInt8({ weights, scales, rows: n, columns: k }, x, init);
  for (const target of TARGETS) {
    const { y, qmax } = runInt8(memories.get(target)!, given);
    expect(qmax).toBe(qmaxOf(weights, n, k));
    expect(y.subarray(0, n), `K ${k}, N ${n}, ${target}`).toEqual(expected);
    expect(y.subarray(n).every((value) => Object.is(value, 0))).toBe(true);
  }
}

describe('matvecInt8', () => {
  const seed = 12;
  it.each(SIZES)(`gives the bits of the reference, K = %i (seed ${seed})`, (k) => {
    const random = new Random(seed + k);
    for (const n of SIZES) expectInt8(int8Case(k, n, random));
  });

  it('does not overflow where the bound on activations is reached', () => {
    for (const k of [516, 517, 1000, 4001]) {
      for (const sign of [1, -1]) {
        const weights = Int8Array.from({ length: 33 * k }, (_, i) => (i < 16 * k ? sign * 127 : -128));
        const init = new Float32Array(33);
        expectInt8({
          k,
          n: 33,
          weights,
          scales: new Float32Array(33).fill(1),
          x: new Float32Array(k).fill(3),
          init,
        });
      }
    }
  });
});

describe('quantizeInt16', () => {
  const seed = 13;
  const random = new Random(seed);
  const vectors: Record<string, Float32Array> = {
    zeros: new Float32Array(33),
    'largest below 1e-20': new Float32Array(5).fill(0.99e-20),
    'largest at 1e-20': Float32Array.from([1e-20, -1e-21, 3e-22, 1e-39]),
    denormals: new Float32Array(17).fill(1e-40),
    'one huge value': Float32Array.from([3.4e38, 1, -1e30, 2e38]),
    halves: Float32Array.from({ length: 64 }, (_, i) => i - 32.5),
    ...Object.fromEntries(SIZES.map((k) => [`${k} random values (seed ${seed})`, random.gaussians(k)])),
  };
  it.each(Object.keys(vectors))('gives the integers, the scale and the sum of the reference: %s', (name) => {
    const x = vectors[name]!;
    for (const target of TARGETS) {
      const memory = memories.get(target)!;
      for (const qmax of [32767, 127, 1]) {
        memory.clear();
        const columns = columnsOf(x.length);
        const at = memory.filled(columns, GUARD);
        const scale = memory.kernels.quantizeInt16(memory.floats(padded(x)), 64, columns >> 4, at, qmax);
        const q = new Int16Array(memory.kernels.memory.buffer, at, columns).slice();
        const expected = quantizeActivations(x, qmax);
        expect(scale).toBe(expected.scale);
        expect(q.subarray(0, x.length)).toEqual(expected.q);
        expect(q.subarray(x.length).every((value) => value === 0)).toBe(true);
        expect(memory.kernels.quantizedSum.value).toBe(expected.q.reduce((sum, value) => sum + value, 0));
      }
    }
  });
});
