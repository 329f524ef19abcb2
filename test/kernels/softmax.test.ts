import { beforeAll, describe, expect, it } from 'vitest';
import { softmax } from '../reference/activations.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { Memory } from './memory.ts';
import { kernels, TARGETS, type Target } from './module.ts';

const SIZES = [1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 33, 64, 100, 1000, 4001];
const GUARD = 12345.5;
/** The sum is four chains of float32 additions, whose error grows with their length. */
const errorOf = (n: number) => (n <= 1000 ? 1e-6 : 1e-5);

const memories = new Map<Target, Memory>();

beforeAll(async () => {
  for (const target of TARGETS) memories.set(target, new Memory(await kernels(target)));
}, 60_000);

/** softmax(x) in place or not; throws where a value behind it was written. */
function run(target: Target, x: Float32Array, inPlace = false): Float32Array {
  const memory = memories.get(target)!;
  memory.clear();
  const from = memory.floats([...x, GUARD, GUARD, GUARD, GUARD]);
  const to = inPlace ? from : memory.filled(x.length + 4, GUARD);
  memory.kernels.softmax(from, to, x.length);
  const result = memory.floatsAt(to, x.length + 4).slice();
  if (!result.subarray(x.length).every((value) => value === GUARD)) throw new Error('written behind the end');
  return result.subarray(0, x.length);
}

function vectors(seed: number): [name: string, x: Float32Array][] {
  const random = new Random(seed);
  return [
    ...SIZES.map((n): [string, Float32Array] => [`${n} values`, random.gaussians(n, 0, 3)]),
    ['all equal', new Float32Array(37).fill(-2.5)],
    ['one far above', Float32Array.from({ length: 21 }, (_, i) => (i === 20 ? 1e30 : i))],
    ['one far below', Float32Array.from({ length: 22 }, (_, i) => (i === 3 ? -3.4e38 : i / 9))],
    ['the whole range of float32', Float32Array.from([3.4e38, -3.4e38, 0, 1e-45, -1e-45])],
  ];
}

const seed = 31;

describe.each(vectors(seed))(`softmax of %s (seed ${seed})`, (_, x) => {
  it('is that of float64 and sums to 1', () => {
    const y = run('simd', x);
    const error = errorOf(x.length);
    expect(scaledError(y, softmax(Float64Array.from(x)))).toBeLessThan(error);
    expect(Math.abs(y.reduce((sum, value) => sum + value, 0) - 1)).toBeLessThan(error);
    expect(y.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it('has the same bits in both builds, and in place', () => {
    const y = run('simd', x);
    expect(run('scalar', x)).toEqual(y);
    for (const target of TARGETS) expect(run(target, x, true)).toEqual(y);
  });

  it('has the cross-entropy of float64, the same bits in both builds', () => {
    const expected = softmax(Float64Array.from(x)).map((p) => -Math.log(p));
    for (let target = 0; target < x.length; target += Math.ceil(x.length / 7)) {
      const losses = TARGETS.map((build) => {
        const memory = memories.get(build)!;
        memory.clear();
        const scratch = memory.filled(x.length, GUARD);
        return memory.kernels.crossEntropy(memory.floats(x), x.length, target, scratch);
      });
      expect(losses[1]).toBe(losses[0]);
      // Where float64 says infinity, the loss is the distance to the largest logit.
      const loss = Number.isFinite(expected[target]) ? expected[target]! : Math.max(...x) - x[target]!;
      if (Math.fround(loss) === Infinity) expect(losses[0]).toBe(Infinity);
      else expect(Math.abs(losses[0]! - loss)).toBeLessThan(2e-6 * Math.max(1, loss));
    }
  });
});

describe('expSum', () => {
  it(`adds four chains by index mod 4, and these as (s0 + s1) + (s2 + s3) (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let i = 0; i < 200; i++) {
      // Of one magnitude, so that the order of the additions shows in the last bit.
      const x = random.uniforms(37 + i, -3, 3);
      for (const target of TARGETS) {
        const memory = memories.get(target)!;
        memory.clear();
        const to = memory.filled(x.length, GUARD);
        const sum = memory.kernels.expSum(memory.floats(x), to, x.length, 3, 1);
        expect(sum).toBe(fourChains(memory.floatsAt(to, x.length)));
      }
    }
  });
});

function fourChains(values: Float32Array): number {
  const s = [0, 0, 0, 0];
  values.forEach((value, i) => {
    s[i % 4] = Math.fround(s[i % 4]! + value);
  });
  return Math.fround(Math.fround(s[0]! + s[1]!) + Math.fround(s[2]! + s[3]!));
}
