import { beforeAll, describe, expect, it } from 'vitest';
import { softmax } from '../reference/activations.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { columnsOf, Memory } from './memory.ts';
import { kernels, TARGETS, type Target } from './module.ts';

// One query over the memory of one stream of several, whose rows of a timestep lie between those of the others.

const SIZES = [1, 3, 15, 16, 17, 33, 64, 100];
const LENGTHS = [1, 2, 3, 4, 5, 20, 63];
const STREAMS = 3;
const STREAM = 1;
const GUARD = 12345.5;
/** Float32 sums of at most 100 products of numbers around 1, and exp of them. */
const TOLERANCE = 3e-6;

type Vector = Float32Array | Float64Array;

interface Case {
  readonly n: number;
  readonly length: number;
  readonly scale: number;
  readonly q: Vector;
  /** [length][n] */
  readonly m: readonly Vector[];
  readonly dout: Vector;
}

interface Result {
  readonly out: Float32Array;
  readonly dq: Float32Array;
  readonly dm: readonly Float32Array[];
}

const memories = new Map<Target, Memory>();

beforeAll(async () => {
  for (const target of TARGETS) memories.set(target, new Memory(await kernels(target)));
}, 60_000);

function makeCase(n: number, length: number, seed: number): Case {
  const random = new Random(seed);
  return {
    n,
    length,
    scale: Math.fround(1 / Math.sqrt(n)),
    q: random.gaussians(n),
    m: Array.from({ length }, () => random.gaussians(n)),
    dout: random.gaussians(n),
  };
}

/** The column `at` of row `row` in panels of `rows` rows, in floats from their beginning. */
function place(rows: number, row: number, at: number): number {
  return (at >> 4) * 16 * rows + row * 16 + (at & 15);
}

/** Forward and backward in one build; dq and dm hold `before` everywhere at first. */
function run(target: Target, given: Case, before = 0): Result {
  const memory = memories.get(target)!;
  memory.clear();
  const { n, length, scale } = given;
  const panels = columnsOf(n) >> 4;
  const rows = Math.max(1, length * STREAMS);
  const rowOf = (t: number) => t * STREAMS + STREAM;
  const [qRows, outRows] = [3, 5];
  const q = memory.filled(panels * 16 * qRows, 0);
  const m = memory.filled(panels * 16 * rows, 0);
  const out = memory.filled(panels * 16 * outRows, GUARD);
  const dout = memory.filled(panels * 16 * outRows, 0);
  const dq = memory.filled(panels * 16 * qRows, before);
  const dm = memory.filled(panels * 16 * rows, before);
  const scratch = memory.filled(columnsOf(length) + panels * 16, GUARD);
  const write = (to: number, count: number, row: number, values: Vector) => {
    const view = memory.floatsAt(to, panels * 16 * count);
    values.forEach((value, i) => {
      view[place(count, row, i)] = value;
    });
  };
  const read = (from: number, count: number, row: number) => {
    const view = memory.floatsAt(from, panels * 16 * count);
    return Float32Array.from({ length: columnsOf(n) }, (_, i) => view[place(count, row, i)]!);
  };
  write(q, qRows, 2, given.q);
  write(dout, outRows, 4, given.dout);
  given.m.forEach((vector, t) => {
    write(m, rows, rowOf(t), vector);
  });
  const query = [
    q + 128,
    64 * qRows,
    m + 64 * STREAM,
    64 * rows,
    64 * STREAMS,
    length,
    panels,
    scale,
  ] as const;
  memory.kernels.attendRow(...query, scratch, out + 256, 64 * outRows);
  const result = read(out, outRows, 4);
  for (let row = 0; row < 4; row++) expect(read(out, outRows, row).every((v) => v === GUARD)).toBe(true);
  const gradients = [dout + 256, 64 * outRows, dq + 128, dm + 64 * STREAM] as const;
  memory.kernels.attendRowBackward(...query, scratch, ...gradients);
  for (let row = 0; row < rows; row++) {
    if (row % STREAMS !== STREAM) expect(read(dm, rows, row).every((v) => v === before)).toBe(true);
  }
  return {
    out: result,
    dq: read(dq, qRows, 2),
    dm: given.m.map((_, t) => read(dm, rows, rowOf(t))),
  };
}

/** The same in float64. */
function reference({ n, scale, q, m, dout }: Case): {
  out: Float64Array;
  dq: Float64Array;
  dm: Float64Array[];
} {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, i) => sum + value * y[i]!, 0);
  const w = softmax(Float64Array.from(m, (vector) => scale * dot(q, vector)));
  const slopes = m.map((vector) => dot(dout, vector));
  const whole = dot(w, slopes);
  const ds = slopes.map((slope, t) => w[t]! * (slope - whole) * scale);
  const mix = (factors: ArrayLike<number>) =>
    Float64Array.from({ length: n }, (_, i) =>
      m.reduce((sum, vector, t) => sum + factors[t]! * vector[i]!, 0),
    );
  return {
    out: mix(w),
    dq: mix(ds),
    dm: m.map((_, t) => Float64Array.from({ length: n }, (_, i) => w[t]! * dout[i]! + ds[t]! * q[i]!)),
  };
}

const seed = 41;

describe('the gradients of float64', () => {
  it('are differences of its forward', () => {
    const given = makeCase(5, 4, seed);
    const { dq, dm } = reference(given);
    const loss = (changed: Partial<Case>) => {
      const { out } = reference({ ...given, ...changed });
      return out.reduce((sum, value, i) => sum + value * given.dout[i]!, 0);
    };
    const step = 1e-5;
    const slope = (at: (shift: number) => Partial<Case>) => (loss(at(step)) - loss(at(-step))) / (2 * step);
    const shifted = (x: Vector, i: number, by: number) =>
      Float64Array.from(x, (v, j) => (i === j ? v + by : v));
    for (let i = 0; i < 5; i++) {
      expect(slope((by) => ({ q: shifted(given.q, i, by) }))).toBeCloseTo(dq[i]!, 8);
      given.m.forEach((_, t) => {
        const at = (by: number) => given.m.map((v, u) => (t === u ? shifted(v, i, by) : v));
        expect(slope((by) => ({ m: at(by) }))).toBeCloseTo(dm[t]![i]!, 8);
      });
    }
  });
});

describe.each(SIZES)(`attention of %i values (seed ${seed})`, (n) => {
  it.each(LENGTHS)('over %i timesteps is that of float64, forward and backward', (length) => {
    const given = makeCase(n, length, seed + n);
    const expected = reference(given);
    const { out, dq, dm } = run('simd', given);
    expect(scaledError(out.subarray(0, n), expected.out)).toBeLessThan(TOLERANCE);
    expect(scaledError(dq.subarray(0, n), expected.dq)).toBeLessThan(TOLERANCE);
    dm.forEach((d, t) => {
      expect(scaledError(d.subarray(0, n), expected.dm[t]!)).toBeLessThan(TOLERANCE);
    });
    for (const vector of [out, dq, ...dm]) expect(vector.subarray(n).every((v) => v === 0)).toBe(true);
  });

  it('has the same bits in both builds', () => {
    for (const length of LENGTHS) {
      const given = makeCase(n, length, seed + n);
      for (const before of [0, 0.5]) expect(run('scalar', given, before)).toEqual(run('simd', given, before));
    }
  });

  it('adds its gradients to what is there', () => {
    const given = makeCase(n, 5, seed + n);
    const [zero, half] = [run('simd', given), run('simd', given, 0.5)];
    expect(
      scaledError(
        half.dq.subarray(0, n),
        zero.dq.subarray(0, n).map((v) => v + 0.5),
      ),
    ).toBeLessThan(TOLERANCE);
  });
});

describe('attention over an empty memory', () => {
  it.each(TARGETS)('gives zeros and no gradients (%s)', (target) => {
    const { out, dq } = run(target, makeCase(20, 0, seed));
    expect(out.every((value) => value === 0)).toBe(true);
    expect(dq.every((value) => value === 0)).toBe(true);
  });
});
