import { beforeAll, describe, expect, it } from 'vitest';
import { qmaxOf } from '../reference/p8.ts';
import { Random } from '../reference/random.ts';
import { columnsOf, Memory } from './memory.ts';
import { kernels, TARGETS, type Target } from './module.ts';

const SIZES = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100];
const GUARD = 12345.5;
const memories = new Map<Target, Memory>();

beforeAll(async () => {
  for (const target of TARGETS) memories.set(target, new Memory(await kernels(target)));
}, 60_000);

describe('packF32', () => {
  const pack = (target: Target, weights: Float32Array, rows: number, k: number) => {
    const memory = memories.get(target)!;
    memory.clear();
    const packed = memory.filled(columnsOf(rows) * k, GUARD);
    const finite = memory.kernels.packF32(memory.floats(weights), rows, k, packed);
    return { finite, panels: memory.floatsAt(packed, columnsOf(rows) * k).slice() };
  };

  it.each(SIZES)('lays %i rows out as [rows/16][k][16], zeros behind the last row', (rows) => {
    const random = new Random(rows);
    for (const k of SIZES) {
      const weights = random.gaussians(rows * k);
      const expected = new Float32Array(columnsOf(rows) * k);
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < k; i++) expected[((row >> 4) * k + i) * 16 + (row & 15)] = weights[row * k + i]!;
      for (const target of TARGETS)
        expect(pack(target, weights, rows, k)).toEqual({ finite: 1, panels: expected });
    }
  });

  it.each([Number.NaN, Infinity, -Infinity])('answers 0 where a weight is %d', (bad) => {
    for (const at of [0, 17, 99]) {
      const weights = new Float32Array(100).fill(1e38);
      weights[at] = bad;
      for (const target of TARGETS) expect(pack(target, weights, 20, 5).finite).toBe(0);
    }
  });
});

describe('packInt8', () => {
  /** Byte of the packed matrix at which weight (row, i) stands, and what is added to it there. */
  function place(row: number, i: number, rows: number, pairs: number): [at: number, offset: number] {
    const block = row >> 5;
    const pairBytes = columnsOf(rows) - 32 * block >= 32 ? 64 : 32;
    const vector = (row & 31) >> 3;
    const lane = (row & 3) * 2 + (i & 1);
    const low = (row & 4) !== 0;
    const at = block * pairs * 64 + (i >> 1) * pairBytes + vector * 16 + lane * 2;
    return low ? [at, 128] : [at + 1, 0];
  }

  function largestSum(weights: Int8Array, rows: number, k: number): number {
    const row = (n: number) => weights.subarray(n * k, (n + 1) * k);
    return Math.max(
      ...Array.from({ length: rows }, (_, n) => row(n).reduce((sum, w) => sum + Math.abs(w), 0)),
    );
  }

  it.each(SIZES)('lays %i rows out as two rows a lane, and knows the largest sum of a row', (rows) => {
    const random = new Random(1000 + rows);
    for (const k of SIZES) {
      const pairs = Math.ceil(k / 2);
      const weights = Int8Array.from({ length: rows * k }, () => random.integer(-128, 128));
      const expected = new Uint8Array(columnsOf(rows) * pairs * 2);
      for (let at = 0; at < expected.length; at += 2) expected[at] = 128;
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < k; i++) {
          const [at, offset] = place(row, i, rows, pairs);
          expected[at] = weights[row * k + i]! + offset;
        }
      }
      for (const target of TARGETS) {
        const memory = memories.get(target)!;
        memory.clear();
        const packed = memory.filled(expected.length / 4, GUARD);
        memory.kernels.clearInt8(packed, columnsOf(rows), pairs);
        // In two ranges of rows, as gates come.
        const source = memory.bytes(weights);
        const half = rows >> 1;
        memory.kernels.packInt8(source, half, k, packed, 0, columnsOf(rows), pairs);
        memory.kernels.packInt8(source + half * k, rows - half, k, packed, half, columnsOf(rows), pairs);
        expect(new Uint8Array(memory.kernels.memory.buffer, packed, expected.length)).toEqual(expected);
        const sum = memory.kernels.largestRowSum(packed, columnsOf(rows), pairs);
        expect(sum).toBe(largestSum(weights, rows, k));
        expect(memory.kernels.qmaxOf(sum)).toBe(qmaxOf(weights, rows, k));
      }
    }
  });
});

describe('allFinite', () => {
  it('sees one NaN or infinity in any lane of any row and panel', () => {
    for (const target of TARGETS) {
      const memory = memories.get(target)!;
      memory.clear();
      // Three panels of two rows, of which the first is looked at: the second is full of NaN.
      const values = Float32Array.from({ length: 96 }, (_, i) => (i % 32 < 16 ? 3.4e38 : Number.NaN));
      const at = memory.floats(values);
      const floats = memory.floatsAt(at, 96);
      expect(memory.kernels.allFinite(at, 128, 3, 64)).toBe(1);
      for (let i = 0; i < 96; i++) {
        if (i % 32 >= 16) continue;
        for (const bad of [Number.NaN, Infinity, -Infinity]) {
          floats[i] = bad;
          expect(memory.kernels.allFinite(at, 128, 3, 64)).toBe(0);
        }
        floats[i] = -3.4e38;
      }
    }
  });
});
