import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeHash, SUBJECTS, type Subject } from '../../tools/exhaustive/subjects.ts';
import { Random } from '../reference/random.ts';
import { FREE, type KernelExports, kernels, TARGETS, type Target } from './module.ts';

// The sampled form of tools/exhaustive, which tries all 2³² inputs.

const COUNT = 1 << 18;
const BYTES = 4 * COUNT;
const builds = new Map<Target, KernelExports>();

beforeAll(async () => {
  for (const target of TARGETS) builds.set(target, await kernels(target, 2 * BYTES));
}, 60_000);

function apply(
  target: Target,
  subject: Pick<Subject, 'run'>,
  x: Float32Array,
  inPlace = false,
): Float32Array {
  const exports = builds.get(target)!;
  new Uint8Array(exports.memory.buffer, FREE).set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
  const y = inPlace ? FREE : FREE + BYTES;
  subject.run(exports, FREE, y, x.byteLength);
  return new Float32Array(exports.memory.buffer, y, x.length).slice();
}

/** Bit patterns of all magnitudes, NaN and infinities among them, values where the functions bend, and edges. */
function inputs(seed: number): Float32Array[] {
  const random = new Random(seed);
  const patterns = () => new Float32Array(Uint32Array.from({ length: COUNT }, () => random.bits()).buffer);
  return [
    patterns(),
    patterns(),
    patterns(),
    random.uniforms(COUNT, -12, 12),
    random.uniforms(COUNT, -1, 1),
    EDGES,
  ];
}

const EDGES = Float32Array.from(
  [
    0,
    1e-45,
    1.1e-38,
    2 ** -126,
    1e-20,
    0.5,
    1,
    8.7,
    9,
    17.4,
    17.5,
    87,
    88,
    88.8,
    103,
    3.4e38,
    Infinity,
  ].flatMap((x) => [x, -x, Math.fround(x * (1 + 2 ** -23)), Math.fround(x * (1 - 2 ** -23))]),
);

/** The first values that break a promise, as text; none in a good kernel. */
function faults(subject: Subject, x: Float32Array, y: Float32Array): string[] {
  const [low, high] = subject.range;
  const found: string[] = [];
  for (let i = 0; i < x.length && found.length < 5; i++) {
    const [input, value] = [x[i]!, y[i]!];
    if (Number.isNaN(input)) {
      if (subject.nan && !Number.isNaN(value)) found.push(`NaN gives ${value}`);
    } else if (!(value >= low && value <= high)) {
      found.push(`${input} gives ${value}, outside [${low}, ${high}]`);
    } else if (subject.measured(input)) {
      const error = subject.error(value, subject.reference(input));
      if (!(error <= subject.bound)) found.push(`${input} gives ${value}, error ${error}`);
    }
  }
  return found;
}

/** Both NaN counts as equal: engines may choose its payload. */
function sameBits(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]));
}

describe.each(SUBJECTS)('$name', (subject) => {
  const seed = 21;
  it(`stays within its range and its error of ${subject.bound} (${subject.unit}), seed ${seed}`, () => {
    for (const x of inputs(seed)) expect(faults(subject, x, apply('simd', subject, x))).toEqual([]);
  });

  it('gives the same bits in both builds, and in place', () => {
    for (const x of inputs(seed + 1)) {
      const simd = apply('simd', subject, x);
      expect(sameBits(simd, apply('scalar', subject, x))).toBe(true);
      for (const target of TARGETS) expect(sameBits(simd, apply(target, subject, x, true))).toBe(true);
    }
  });
});

describe('the scalar functions', () => {
  it('of the SIMD build give the bits of its vectors: exp', () => {
    const exp = SUBJECTS.find(({ name }) => name === 'exp')!;
    const scalar = { run: (k: KernelExports, x: number, y: number, n: number) => k.expAll(x, y, n) };
    for (const x of inputs(23)) expect(sameBits(apply('simd', exp, x), apply('simd', scalar, x))).toBe(true);
  });
});

describe('relu', () => {
  const relu = { run: (k: KernelExports, x: number, y: number, n: number) => k.reluAll(x, y, n) };
  it('is max(x, 0) exactly, NaN for NaN', () => {
    for (const x of inputs(24)) {
      for (const target of TARGETS) {
        const y = apply(target, relu, x);
        expect(x.every((value, i) => (value < 0 ? Object.is(y[i], 0) : Object.is(y[i], value)))).toBe(true);
      }
    }
  });
});

describe('tools/exhaustive/results.txt', () => {
  const text = readFileSync('tools/exhaustive/results.txt', 'utf8');
  it('is of the kernels as they are', () => expect(text).toContain(codeHash()));
  it.each(SUBJECTS)('has no error of $name above its bound', ({ name, bound }) => {
    const largest = new RegExp(`^${name}\\n {2}largest error ([\\d.e-]+)`, 'm').exec(text)?.[1];
    expect(Number(largest)).toBeGreaterThan(bound / 2);
    expect(Number(largest)).toBeLessThanOrEqual(bound);
  });
});
