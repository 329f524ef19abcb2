import { beforeAll, describe, expect, it } from 'vitest';
import { softmax } from '../reference/activations.ts';
import { Random } from '../reference/random.ts';
import { Memory } from './memory.ts';
import { kernels, TARGETS, type Target } from './module.ts';

const DRAWS = 100_000;
const memories = new Map<Target, Memory>();

beforeAll(async () => {
  for (const target of TARGETS) memories.set(target, new Memory(await kernels(target)));
}, 60_000);

interface Settings {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
}

interface Sampler {
  draw(u: number): number;
  /** As the kernel sees them; it must leave them as they are. */
  logits(): Float32Array;
}

function sampler(target: Target, logits: Float32Array, settings: Settings): Sampler {
  const { temperature = 1, topK = logits.length, topP = 1 } = settings;
  const memory = memories.get(target)!;
  const { sample } = memory.kernels;
  memory.clear();
  const at = memory.floats(logits);
  const scratch = memory.filled(2 * logits.length, Number.NaN);
  return {
    draw: (u) => sample(at, logits.length, temperature, topK, topP, u, scratch),
    logits: () => memory.floatsAt(at, logits.length),
  };
}

/** Draws per token, by the module's own generator. */
function histogram(target: Target, logits: Float32Array, settings: Settings, seed: number): Uint32Array {
  const { draw } = sampler(target, logits, settings);
  const { uniform } = memories.get(target)!.kernels;
  const counts = new Uint32Array(logits.length);
  for (let i = 0; i < DRAWS; i++) counts[draw(uniform(seed, 0, i))]!++;
  return counts;
}

/**
 * The tokens that may come and their probabilities, in float64: softmax of logits / temperature, the topK most
 * likely, of these the fewest that hold topP; equals by token. `clear` says that topP is not a matter of rounding.
 */
function distribution(logits: Float32Array, { temperature = 1, topK = Infinity, topP = 1 }: Settings) {
  const p = softmax(Float64Array.from(logits, (logit) => logit / temperature));
  const likely = [...p.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b).slice(0, topK);
  const all = likely.reduce((sum, token) => sum + p[token]!, 0);
  let kept = 0;
  let mass = 0;
  let clear = true;
  while (kept < likely.length && (topP === 1 || mass < topP * all)) {
    mass += p[likely[kept++]!]!;
    if (topP < 1 && Math.abs(mass - topP * all) < 1e-5) clear = false;
  }
  const probabilities = new Float64Array(logits.length);
  for (const token of likely.slice(0, kept)) probabilities[token] = p[token]! / mass;
  return { probabilities, clear };
}

/** Pearson's statistic, as the number of standard deviations that it lies above its mean (Wilson and Hilferty). */
function chiSquare(counts: Uint32Array, probabilities: Float64Array): number {
  let statistic = 0;
  let cells = 0;
  probabilities.forEach((p, token) => {
    if (p === 0) return;
    cells++;
    statistic += (counts[token]! - p * DRAWS) ** 2 / (p * DRAWS);
  });
  const freedom = cells - 1;
  if (freedom === 0) return 0;
  return (Math.cbrt(statistic / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
}

/** Ties among them; none so unlikely that 100,000 draws expect fewer than five. */
const LOGITS = Float32Array.from([1, 0, 2.5, -1, 2.5, 0.3, -2, 3, 1, 1, -3, 0.7, 2, -0.5, 1.9, 0, 0.1]);
const SETTINGS: Settings[] = [
  {},
  { temperature: 0.7 },
  { temperature: 2 },
  { topK: 5 },
  { topK: 1 },
  { topP: 0.6 },
  { topP: 1e-6 },
  { temperature: 1.3, topK: 9, topP: 0.8 },
];

describe.each(SETTINGS)('sample with %o', (settings) => {
  const seed = 41;
  const { probabilities } = distribution(LOGITS, settings);
  it(`draws each token as often as it is likely, and no other (${DRAWS} draws, seed ${seed})`, () => {
    const counts = histogram('simd', LOGITS, settings, seed);
    probabilities.forEach((p, token) => {
      if (p === 0) expect(counts[token]).toBe(0);
    });
    // Four standard deviations: once in 30,000 seeds by chance, and the seed is fixed.
    expect(chiSquare(counts, probabilities)).toBeLessThan(4);
  });

  it('draws the same in both builds', () => {
    const draws = TARGETS.map((target) => {
      const { draw } = sampler(target, LOGITS, settings);
      return Array.from({ length: 2000 }, (_, i) => draw(memories.get(target)!.kernels.uniform(5, 6, i)));
    });
    expect(draws[1]).toEqual(draws[0]);
  });
});

describe('sample', () => {
  it('has a test that would notice: a probability 5 % off fails the bound', () => {
    const { probabilities } = distribution(LOGITS, {});
    const shifted = probabilities.slice();
    shifted[7]! *= 1.05;
    expect(chiSquare(histogram('simd', LOGITS, {}, 41), shifted)).toBeGreaterThan(4);
  });

  const seed = 42;
  it(`never leaves the set of topK and topP, whatever the logits (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let i = 0; i < 600; i++) {
      const logits = randomLogits(random);
      const settings = {
        temperature: random.pick([0.05, 0.7, 1, 3]),
        topK: random.integer(1, logits.length + 1),
        topP: random.pick([1, 0.99, random.uniform(0.01, 1)]),
      };
      const { probabilities, clear } = distribution(logits, settings);
      if (!clear) continue;
      const { draw, logits: kept } = sampler('simd', logits, settings);
      for (const u of [0, 0.5, 1 - 2 ** -24, random.uniform(), random.uniform()]) {
        const token = draw(Math.fround(u));
        expect(probabilities[token], `${[...logits]} ${JSON.stringify(settings)} u ${u}`).toBeGreaterThan(0);
      }
      expect(kept()).toEqual(logits);
    }
  });

  it('gives ties to the lower token', () => {
    const equal = new Float32Array(33).fill(0.25);
    for (const target of TARGETS) {
      for (const topK of [1, 2, 7]) {
        const { draw } = sampler(target, equal, { topK });
        for (let i = 0; i < 200; i++) expect(draw(Math.fround(i / 200))).toBeLessThan(topK);
      }
      // Four of 33 equals hold the first tenth, tokens 0 to 3.
      const { draw } = sampler(target, equal, { topP: 0.1 });
      for (let i = 0; i < 200; i++) expect(draw(Math.fround(i / 200))).toBeLessThan(4);
    }
  });
});

describe('argmax', () => {
  const seed = 43;
  it(`is the first of the largest (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let i = 0; i < 2000; i++) {
      const logits = randomLogits(random);
      const expected = logits.indexOf(Math.max(...logits));
      for (const target of TARGETS) {
        const memory = memories.get(target)!;
        memory.clear();
        expect(memory.kernels.argmax(memory.floats(logits), logits.length)).toBe(expected);
      }
    }
  });
});

describe('uniform', () => {
  it('lies in [0, 1) and fills 100 cells evenly', () => {
    const counts = new Uint32Array(100);
    for (let i = 0; i < DRAWS; i++) {
      const [u, scalar] = TARGETS.map((target) => memories.get(target)!.kernels.uniform(123, 456, i));
      expect(scalar).toBe(u);
      counts[Math.floor(100 * u!)]!++;
    }
    expect(chiSquare(counts, new Float64Array(100).fill(0.01))).toBeLessThan(4);
  });

  it('is the top 24 bits of the published Philox vector at key 0, counter 0', () => {
    expect(memories.get('simd')!.kernels.uniform(0, 0, 0)).toBe((0x6627e8d5 >>> 8) / 2 ** 24);
  });
});

/** 1 to 40 values, many of them equal, some far apart. */
function randomLogits(random: Random): Float32Array {
  const spread = random.pick([0.01, 1, 30]);
  const logits = random.gaussians(random.integer(1, 41), 0, spread);
  return random.uniform() < 0.5 ? logits : logits.map((value) => Math.round(2 * value) / 2);
}
