import { beforeAll, describe, expect, it } from 'vitest';
import { OpCode } from '../../assembly/shared/codes.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { TARGETS, type Target } from './module.ts';
import { OpBench, type OperandSpec, type OpSpec, type Result, type Rows, type Values } from './ops.ts';

// The ops between the products and the cells, forward against float64, backward against central differences of that.

/** From the values of every operand, of one row, to those that the op writes. */
type Reference = (...operands: Float64Array[]) => ArrayLike<number>;

interface OpCase extends OpSpec {
  readonly name: string;
  readonly reference: Reference;
  /** What the gradients are the slopes of, where that is another function. */
  readonly slopesOf?: Reference;
}

const SIZES = [1, 3, 16, 17, 40, 64];
/** A step of one stream and of three, two timesteps within a chunk. */
const ROWS: readonly Rows[] = [
  { first: 0, rows: 1, stride: 1 },
  { first: 0, rows: 3, stride: 3 },
  { first: 0, rows: 6, stride: 7 },
  { first: 2, rows: 4, stride: 9 },
];
/** Forward: some roundings of values of magnitude 10 at most. Backward: of sums over columns and rows, and of float32. */
const [FORWARD, BACKWARD] = [2e-6, 2e-5];
const STEP = 1e-6;

const buffer = (size: number, blocks = 1): OperandSpec => ({ kind: 'buffer', size, blocks });
const vector = (size: number, blocks = 1): OperandSpec => ({ kind: 'vector', size, blocks });
const parameters = (...values: number[]): OperandSpec => ({
  kind: 'parameters',
  size: 4,
  values: [...values, 0, 0, 0, 0].slice(0, 4),
});

type Scalar = (x: number, p: number, q: number) => number;

function activation(name: string, code: OpCode, given: readonly number[], f: Scalar): (n: number) => OpCase {
  const [p = 0, q = 0] = given;
  const constant = given.length > 0 ? [parameters(...given)] : [];
  return (n) => ({
    name: `${name} ${given.join(' ')}`.trim(),
    code,
    n,
    operands: [buffer(n), buffer(n), ...constant],
    out: 1,
    inPlace: 0,
    reference: (x) => x.map((value) => f(value, Math.fround(p), Math.fround(q))),
  });
}

function pair(
  name: string,
  code: OpCode,
  f: (a: number, b: number) => number,
  { inPlace, kind = 'buffer' }: { inPlace?: number; kind?: OperandSpec['kind'] } = {},
): (n: number) => OpCase {
  return (n) => ({
    name,
    code,
    n,
    operands: [buffer(n), { kind, size: n }, buffer(n)],
    out: 2,
    ...(inPlace !== undefined && { inPlace }),
    reference: (a, b) => a.map((value, i) => f(value, b[i]!)),
  });
}

/** Low and high of the integers; its gradient is that of a clip between the edges of the outermost steps. */
function quantize(scale: number, low: number, high: number): (n: number) => OpCase {
  const s = Math.fround(scale);
  const nearest = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  return (n) => ({
    name: `quantize ${scale} ${low} ${high}`,
    code: OpCode.Quantize,
    n,
    operands: [buffer(n), buffer(n), parameters(scale, low, high)],
    out: 1,
    reference: (x) => x!.map((value) => clamp(nearest(value / s), low, high) * s),
    slopesOf: (x) => x!.map((value) => clamp(value, (low - 0.5) * s, (high + 0.5) * s)),
  });
}

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

const CASES: readonly ((n: number) => OpCase)[] = [
  activation('hard-sigmoid', OpCode.HardSigmoid, [0.2, 0.5], (x, p, q) => clamp(p * x + q, 0, 1)),
  activation('hard-sigmoid', OpCode.HardSigmoid, [-0.7, 0.1], (x, p, q) => clamp(p * x + q, 0, 1)),
  activation('leaky-relu', OpCode.LeakyRelu, [0.01], (x, p) => (x < 0 ? p * x : x)),
  activation('elu', OpCode.Elu, [1], (x, p) => (x < 0 ? p * Math.expm1(x) : x)),
  activation('elu', OpCode.Elu, [2.5], (x, p) => (x < 0 ? p * Math.expm1(x) : x)),
  activation('softsign', OpCode.Softsign, [], (x) => x / (1 + Math.abs(x))),
  activation('clip', OpCode.Clip, [-1, 1], clamp),
  activation('clip', OpCode.Clip, [0.5, 3], clamp),
  quantize(0.1, -20, 30),
  quantize(0.75, -2, 1),
  pair('add', OpCode.Add, (a, b) => a + b, { inPlace: 0 }),
  pair('add into b', OpCode.Add, (a, b) => a + b, { inPlace: 1 }),
  pair('average', OpCode.Average, (a, b) => (a + b) / 2, { inPlace: 0 }),
  pair('mul', OpCode.Mul, (a, b) => a * b),
  pair('mul by a state', OpCode.Mul, (a, b) => a * b, { kind: 'state' }),
  (n) => ({
    name: 'affine',
    code: OpCode.Affine,
    n,
    operands: [buffer(n), vector(n), vector(n), buffer(n)],
    out: 3,
    reference: (x, scale, shift) => x!.map((value, i) => value * scale![i]! + shift![i]!),
  }),
  ...(['buffer', 'state'] as const).map(
    (kind) =>
      (n: number): OpCase => ({
        name: `add-scaled of a ${kind}`,
        code: OpCode.AddScaled,
        n,
        operands: [{ kind, size: n }, vector(n), buffer(n)],
        out: 2,
        reference: (x, v, out) => out!.map((value, i) => value + v![i]! * x![i]!),
      }),
  ),
  ...[
    [0, 0],
    [16, 32],
    [0, 5],
    [7, 0],
    [13, 22],
  ].map(
    ([k, m]) =>
      (n: number): OpCase => ({
        name: `columns from ${k} to ${m}`,
        code: OpCode.CopyColumns,
        k: k!,
        n,
        m: m!,
        operands: [buffer(k! + n + 3), buffer(m! + n + 2)],
        out: 1,
        reference: (x, out) => out!.map((value, i) => (i >= m! && i < m! + n ? x![i - m! + k!]! : value)),
      }),
  ),
  ...[1, 4].map(
    (k) =>
      (n: number): OpCase => ({
        name: `layer norm of ${k} blocks`,
        code: OpCode.LayerNorm,
        k,
        n,
        operands: [buffer(n, k), vector(n, k), vector(n, k), buffer(n, k), parameters(1e-2)],
        out: 3,
        reference: layerNorm,
      }),
  ),
];

function layerNorm(...[x, gamma, beta, , parameter]: Float64Array[]): Float64Array {
  const mean = x!.reduce((sum, value) => sum + value, 0) / x!.length;
  const variance = x!.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x!.length;
  const deviation = Math.sqrt(variance + parameter![0]!);
  return x!.map((value, i) => ((value - mean) / deviation) * gamma![i]! + beta![i]!);
}

const benches = new Map<Target, OpBench>();

beforeAll(async () => {
  for (const target of TARGETS) benches.set(target, await OpBench.create(target));
}, 120_000);

function randomValues(op: OpSpec, { rows }: Rows, random: Random): Values {
  return op.operands.map((spec) => {
    if (!spec) return [];
    const count = spec.kind === 'buffer' || spec.kind === 'state' ? rows : 1;
    const { size, blocks = 1, values } = spec;
    return Array.from({ length: count }, () =>
      values ? Float32Array.from(values) : random.gaussians(size * blocks, 0, 2),
    );
  });
}

/** The operands of one row; a vector is that of every row. */
function rowOf(op: OpSpec, values: Values, row: number): Float64Array[] {
  return op.operands.map((_, i) => Float64Array.from(values[i]![row] ?? values[i]![0] ?? []));
}

/** What is added to the gradient of operand i, from central differences row by row. */
function slopes(op: OpCase, values: Values, dout: Values[number], i: number): Float64Array[] {
  const result = values[i]!.map((row) => new Float64Array(row.length));
  dout.forEach((slope, r) => {
    const operands = rowOf(op, values, r);
    const target = result[r] ?? result[0]!;
    const operand = operands[i]!;
    operand.forEach((value, j) => {
      const at = (x: number) => {
        operand[j] = x;
        return Array.from((op.slopesOf ?? op.reference)(...operands));
      };
      const [above, below] = [at(value + STEP), at(value - STEP)];
      operand[j] = value;
      target[j]! += slope.reduce((sum, d, o) => sum + (d * (above[o]! - below[o]!)) / (2 * STEP), 0);
    });
  });
  return result;
}

function sameBits(a: Result, b: Result): boolean {
  const flat = ({ out, gradients }: Result) =>
    [...out, ...gradients.flat()].flatMap((row) => Array.from(row));
  const other = flat(b);
  return flat(a).every((value, i) => Object.is(value, other[i]));
}

const seed = 41;

function each(
  make: (n: number) => OpCase,
  test: (op: OpCase, rows: Rows, values: Values, before: Values) => void,
): void {
  const random = new Random(seed);
  for (const size of SIZES) {
    const op = make(size);
    for (const rows of ROWS) test(op, rows, randomValues(op, rows, random), randomValues(op, rows, random));
  }
}

const cases = CASES.map((make) => [make(1).name, make] as const);

describe.each(cases)('%s', (_, make) => {
  it(`is that of float64, and writes nothing else (seed ${seed})`, () => {
    each(make, (op, rows, values, before) => {
      const { out, strayed } = benches.get('simd')!.run(op, rows, values, before);
      expect(strayed).toBe(false);
      out.forEach((row, r) => {
        expect(scaledError(row, op.reference(...rowOf(op, values, r)))).toBeLessThan(FORWARD);
      });
    });
  });

  it('adds its slopes to the gradients', () => {
    each(make, (op, rows, values, before) => {
      const { gradients } = benches.get('simd')!.run(op, rows, values, before);
      op.operands.forEach((spec, i) => {
        const isTrained = spec?.kind === 'vector' && rows.first === 0;
        if (!spec || i === op.out || !(isTrained || spec.kind === 'buffer' || spec.kind === 'state')) return;
        const expected = slopes(op, values, before[op.out]!, i);
        expected.forEach((row, r) => {
          const sum = row.map((value, j) => value + before[i]![r]![j]!);
          expect(scaledError(gradients[i]![r]!, sum)).toBeLessThan(BACKWARD);
        });
      });
    });
  });

  it('has the same bits in both builds', () => {
    each(make, (op, rows, values, before) => {
      const [simd, scalar] = TARGETS.map((target) => benches.get(target)!.run(op, rows, values, before));
      expect(sameBits(simd!, scalar!)).toBe(true);
      expect(scalar!.strayed).toBe(false);
    });
  });
});

describe('where the output takes the place of an input, the bits are the same:', () => {
  it.each(cases.filter(([, make]) => make(1).inPlace !== undefined))('%s', (_, make) => {
    each(make, (op, rows, values, before) => {
      const replaced = op.inPlace!;
      // In place the gradient of the input is that of the output, not something to add to.
      const zeros = before.map((all, i) => (i === replaced ? all.map((row) => row.map(() => 0)) : all));
      const apart = benches.get('simd')!.run(op, rows, values, zeros);
      for (const target of TARGETS) {
        const { out, gradients, strayed } = benches.get(target)!.run(op, rows, values, before, true);
        expect(out).toEqual(apart.out);
        expect(strayed).toBe(false);
        gradients.forEach((rows, i) => {
          if (i !== op.out) expect(rows.map((row) => row.map((v) => v + 0))).toEqual(apart.gradients[i]);
        });
      }
    });
  });
});

it('quantize rounds halves to even, in both builds', () => {
  const x = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 100, -100];
  const op = quantize(1, -3, 4)(x.length);
  const values = [[Float32Array.from(x)], [new Float32Array(x.length)], [Float32Array.of(1, -3, 4, 0)]];
  for (const target of TARGETS) {
    const { out } = benches.get(target)!.run(op, { first: 0, rows: 1, stride: 1 }, values, values);
    expect(Array.from(out[0]!, (value) => value + 0)).toEqual([-3, -2, -2, 0, 0, 2, 2, 4, 4, 4, -3]);
  }
});
