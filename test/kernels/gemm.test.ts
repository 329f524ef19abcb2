import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../reference/random.ts';
import { columnsOf, Memory } from './memory.ts';
import { kernels, TARGETS, type Target } from './module.ts';

const memories = new Map<Target, Memory>();
const GUARD = 12345.5;
const ACCUMULATE = 0;

beforeAll(async () => {
  for (const target of TARGETS) memories.set(target, new Memory(await kernels(target)));
}, 60_000);

/** A matrix in panels [columns/16][rows][16], with a row of guards behind each panel. */
class Panels {
  readonly at: number;
  readonly stride: number;
  readonly #memory: Memory;
  readonly #rows: number;
  readonly #columns: number;

  constructor(memory: Memory, rows: number, columns: number) {
    this.#memory = memory;
    this.#rows = rows;
    this.#columns = columnsOf(columns);
    this.stride = (rows + 1) * 64;
    this.at = memory.filled((this.#columns / 16) * (rows + 1) * 16, GUARD);
  }

  fill(value: (row: number, column: number) => number): this {
    const floats = this.#floats();
    for (let row = 0; row < this.#rows; row++)
      for (let column = 0; column < this.#columns; column++)
        floats[this.#index(row, column)] = value(row, column);
    return this;
  }

  get(row: number, column: number): number {
    return this.#floats()[this.#index(row, column)]!;
  }

  /** Whether the rows between the panels are as they were. */
  get intact(): boolean {
    const floats = this.#floats();
    for (let column = 0; column < this.#columns; column++)
      if (floats[this.#index(this.#rows, column)] !== GUARD) return false;
    return true;
  }

  #floats(): Float32Array {
    return this.#memory.floatsAt(this.at, (this.#columns / 16) * (this.#rows + 1) * 16);
  }

  #index(row: number, column: number): number {
    return (column >> 4) * (this.#rows + 1) * 16 + row * 16 + (column & 15);
  }
}

const fround = Math.fround;

/** (k, m, n) around the blocks of the kernel: 128 of k, pairs of rows, panels of 16. */
const SHAPES = [
  [1, 1, 16],
  [2, 2, 16],
  [5, 3, 32],
  [16, 16, 48],
  [17, 15, 16],
  [33, 18, 32],
  [127, 31, 16],
  [128, 33, 32],
  [129, 5, 16],
  [300, 4, 48],
] as const;

describe.each(TARGETS)('%s', (target) => {
  const memory = () => memories.get(target)!;

  it.each(SHAPES)('gemmF32 of k %d, m %d, n %d is one chain in the order of k', (k, m, n) => {
    const random = new Random(k * 1000 + m * 10 + n);
    const a = random.gaussians(k * columnsOf(m));
    const b = random.gaussians(k * n);
    const start = random.gaussians(n);
    for (const init of ['bias', 'accumulate'] as const) {
      memory().clear();
      const A = new Panels(memory(), k, m).fill((i, row) => a[i * columnsOf(m) + row]!);
      const B = new Panels(memory(), k, n).fill((i, column) => b[i * n + column]!);
      const C = new Panels(memory(), m, n).fill((row, column) => fround(start[column]! * (row + 1)));
      const bias = memory().floats(start);
      const code = { bias, accumulate: ACCUMULATE }[init];
      memory().kernels.gemmF32(A.at, A.stride, B.at, B.stride, C.at, C.stride, k, m, n, code);
      expect(C.intact).toBe(true);
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let sum = { bias: start[column]!, accumulate: fround(start[column]! * (row + 1)) }[init];
          for (let i = 0; i < k; i++)
            sum = fround(sum + fround(a[i * columnsOf(m) + row]! * b[i * n + column]!));
          expect(C.get(row, column)).toBe(sum);
        }
      }
    }
  });

  it.each([
    [1, 16],
    [3, 16],
    [4, 32],
    [16, 16],
    [18, 48],
    [63, 32],
  ])('transposeF32 of %d rows and %d columns writes its own lanes only', (rows, columns) => {
    memory().clear();
    const X = new Panels(memory(), rows, columns).fill((row, column) => row * 100 + column);
    const XT = new Panels(memory(), columns, rows).fill(() => GUARD);
    memory().kernels.transposeF32(X.at, X.stride, rows, columns, XT.at, XT.stride);
    for (let row = 0; row < columnsOf(rows); row++)
      for (let column = 0; column < columns; column++)
        expect(XT.get(column, row)).toBe(row < rows ? row * 100 + column : GUARD);
    expect(XT.intact).toBe(true);
  });

  it.each([1, 2, 33])('sumRows adds %d rows to what is there, one chain each column', (rows) => {
    memory().clear();
    const x = new Random(rows).gaussians(rows * 32);
    const X = new Panels(memory(), rows, 32).fill((row, column) => x[row * 32 + column]!);
    const out = memory().filled(32, GUARD);
    memory().kernels.sumRows(X.at, X.stride, rows, 32, out);
    const sums = memory().floatsAt(out, 32);
    for (let column = 0; column < 32; column++) {
      let sum = GUARD;
      for (let row = 0; row < rows; row++) sum = fround(sum + x[row * 32 + column]!);
      expect(sums[column]).toBe(sum);
    }
  });
});

it.each([
  [1, 16],
  [5, 16],
  [16, 32],
  [17, 48],
  [40, 64],
])('matvecTransposedF32 of k %d, n %d: float64 within rounding, and the same bits on both builds', (k, n) => {
  const random = new Random(k * 100 + n);
  const w = random.gaussians(n * k);
  const d = random.gaussians(n);
  const start = random.gaussians(columnsOf(k));
  const results = TARGETS.map((target) => {
    const memory = memories.get(target)!;
    memory.clear();
    const packed = memory.filled(n * k, GUARD);
    memory.kernels.packF32(memory.floats(w), n, k, packed);
    const dx = new Panels(memory, 1, k).fill((_, column) => (column < k ? start[column]! : 0));
    const sums = memory.filled(4 * columnsOf(k), GUARD);
    memory.kernels.matvecTransposedF32(memory.floats(d), n, packed, k, dx.at, dx.stride, sums);
    expect(dx.intact).toBe(true);
    return Float32Array.from({ length: columnsOf(k) }, (_, column) => dx.get(0, column));
  });
  expect(results[0]).toEqual(results[1]);
  for (let i = 0; i < columnsOf(k); i++) {
    let sum = i < k ? start[i]! : 0;
    let size = 1;
    for (let row = 0; i < k && row < n; row++) {
      sum += w[row * k + i]! * d[row]!;
      size += Math.abs(w[row * k + i]! * d[row]!);
    }
    // n additions of at most this size, each rounded by 2⁻²⁴ of it
    expect(Math.abs(results[0]![i]! - sum)).toBeLessThanOrEqual(n * 2 ** -24 * size);
  }
});
