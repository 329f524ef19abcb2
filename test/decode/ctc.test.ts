/** CTC decoding against all alignments, one by one, in float64; and against the loss that it undoes. */
import { describe, expect, it } from 'vitest';
import { type CtcDecoded, ctcBeamSearch, ctcGreedy } from '../../src/decode/ctc.ts';
import { Model } from '../../src/session/model.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { Draft, features } from '../contract/variant.ts';
import { softmax } from '../reference/activations.ts';
import { Random } from '../reference/random.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { trainRuntime } from '../train/cases.ts';

/** Of a score, for each timestep: logits less their maximum are rounded to float32, 2e-6 of those around 32. */
const TOLERANCE = 1e-6;

function modelOf(classes: number, build: (typeof BUILDS)[number] = 'simd'): Model {
  return new Model(testRuntime(build), new Draft(features(2), 1).dense('head', 2, classes).definition());
}

function randomLogits(timesteps: number, classes: number, scale: number, seed: number): Float32Array {
  return new Random(seed).gaussians(timesteps * classes).map((value) => value * scale);
}

/** The probability of every sequence of labels, summed over all classes^timesteps alignments; the likeliest one too. */
function enumerate(logits: Float32Array, classes: number, blank: number) {
  const timesteps = logits.length / classes;
  const rows = Array.from({ length: timesteps }, (_, t) =>
    softmax(Float64Array.from(logits.subarray(t * classes, (t + 1) * classes))),
  );
  const sums = new Map<string, number>();
  let best = { p: 0, labels: '' };
  for (let n = 0; n < classes ** timesteps; n++) {
    const path = rows.map((_, t) => Math.floor(n / classes ** t) % classes);
    const p = path.reduce((product, k, t) => product * rows[t]![k]!, 1);
    const labels = `${path.filter((k, t) => k !== blank && k !== path[t - 1])}`;
    sums.set(labels, (sums.get(labels) ?? 0) + p);
    if (p > best.p) best = { p, labels };
  }
  return { ranking: [...sums].sort((a, b) => b[1] - a[1]), best };
}

const sizes = [
  { timesteps: 1, classes: 2, blank: 0 },
  { timesteps: 4, classes: 3, blank: 0 },
  { timesteps: 5, classes: 3, blank: 2 },
  { timesteps: 6, classes: 4, blank: 1 },
  { timesteps: 9, classes: 2, blank: 1 },
];
const cases = sizes.flatMap((size) =>
  [0.5, 2, 8].map(
    (scale, i) => [`${JSON.stringify(size)}, logits of ${scale}`, { ...size, scale, seed: i }] as const,
  ),
);

describe.each(cases)('%s', (_, { timesteps, classes, blank, scale, seed }) => {
  const logits = randomLogits(timesteps, classes, scale, seed);
  const { ranking, best } = enumerate(logits, classes, blank);

  it.each(BUILDS)('a beam that holds every prefix ranks all sequences of labels: %s', (build) => {
    using model = modelOf(classes, build);
    const found = ctcBeamSearch(model, logits, { blank, beamWidth: 1024 });
    expect(found.map(({ labels }) => `${labels}`)).toEqual(ranking.map(([labels]) => labels));
    for (const [i, { score }] of found.entries())
      expect(Math.abs(score - Math.log(ranking[i]![1]))).toBeLessThan(TOLERANCE * timesteps);
  });

  it('greedy decoding has the labels of the likeliest alignment', () => {
    using model = modelOf(classes);
    const { labels, score } = ctcGreedy(model, logits, { blank });
    expect(`${labels}`).toBe(best.labels);
    expect(Math.abs(score - Math.log(best.p))).toBeLessThan(TOLERANCE * timesteps);
  });

  it('a narrow beam never claims more than there is', () => {
    using model = modelOf(classes);
    const all = new Map(ranking);
    for (const beamWidth of [1, 2, 5]) {
      const found = ctcBeamSearch(model, logits, { blank, beamWidth });
      expect(found.length).toBeLessThanOrEqual(beamWidth);
      for (const { labels, score } of found)
        expect(score).toBeLessThanOrEqual(Math.log(all.get(`${labels}`)!) + TOLERANCE * timesteps);
    }
  });
});

/** Logits of probabilities. */
const logs = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
const listed = ({ labels }: CtcDecoded) => [...labels];

it('many alignments of a label outweigh one of blanks', () => {
  using model = modelOf(2);
  const logits = logs(0.6, 0.4, 0.6, 0.4);
  expect(listed(ctcGreedy(model, logits))).toEqual([]);
  const [first, second] = ctcBeamSearch(model, logits);
  expect([listed(first!), listed(second!)]).toEqual([[1], []]);
  expect(first!.score).toBeCloseTo(Math.log(0.64), 6);
});

it('a repeat is a second label only behind a blank', () => {
  using model = modelOf(3);
  const sure = (k: number) => [0, 1, 2].map((i) => (i === k ? 20 : 0));
  const logits = Float32Array.from([1, 1, 0, 1, 2, 2].flatMap(sure));
  expect(listed(ctcGreedy(model, logits))).toEqual([1, 1, 2]);
  expect(listed(ctcBeamSearch(model, logits)[0]!)).toEqual([1, 1, 2]);
});

it('of equals the lower label comes first, and the shorter sequence', () => {
  using model = modelOf(3);
  const found = ctcBeamSearch(model, new Float32Array(3), { blank: 2 });
  expect(found.map(listed)).toEqual([[], [0], [1]]);
  expect(new Set(found.map(({ score }) => score)).size).toBe(1);
  expect(listed(ctcGreedy(model, new Float32Array(3), { blank: 2 }))).toEqual([0]);
});

it('no timesteps have no labels, for certain', () => {
  using model = modelOf(3);
  expect(ctcGreedy(model, new Float32Array(0))).toEqual({ labels: new Uint32Array(0), score: 0 });
  expect(ctcBeamSearch(model, new Float32Array(0))).toEqual([{ labels: new Uint32Array(0), score: 0 }]);
});

it('thousands of timesteps do not underflow, and the bits are those of both builds', () => {
  const logits = randomLogits(3000, 7, 1, 9);
  const [simd, scalar] = BUILDS.map((build) => {
    using model = modelOf(7, build);
    return { beam: ctcBeamSearch(model, logits, { beamWidth: 4 }), greedy: ctcGreedy(model, logits) };
  });
  expect(scalar).toEqual(simd);
  expect(simd!.beam[0]!.score).toBeGreaterThan(simd!.greedy.score);
  expect(simd!.beam[0]!.score).toBeLessThan(-2000);
});

it('the score of labels is the loss of a training, over their number', () => {
  const draft = new Draft(features(2), 1).dense('head', 2, 4);
  const trainer = new Trainer(trainRuntime('simd'), draft.definition(), {
    batchSize: 1,
    unroll: 6,
    loss: 'ctc',
  });
  const inputs = new Random(3).gaussians(12);
  using model = new Model(testRuntime(), draft.definition());
  using session = model.createSession();
  const found = ctcBeamSearch(model, session.run(inputs), { beamWidth: 1024 });
  for (const { labels, score } of found.slice(0, 50)) {
    const { sum } = trainer.evaluate(inputs, labels, 6);
    expect(Math.abs(score + sum * Math.max(1, labels.length))).toBeLessThan(6 * TOLERANCE);
  }
  trainer.dispose();
});

describe('refusals', () => {
  const logits = new Float32Array(6);
  const cases: readonly [string, (model: Model) => unknown, string, RegExp][] = [
    [
      'a blank beyond the classes',
      (model) => ctcGreedy(model, logits, { blank: 3 }),
      'invalid-argument',
      /blank must be a class from 0 to 2, got 3/,
    ],
    [
      'no beam',
      (model) => ctcBeamSearch(model, logits, { beamWidth: 0 }),
      'invalid-argument',
      /beamWidth must be an integer from 1 to 1024, got 0/,
    ],
    [
      'half a timestep',
      (model) => ctcGreedy(model, new Float32Array(4)),
      'wrong-length',
      /expected timesteps of 3 values each, got 4 values/,
    ],
    [
      'another array',
      (model) => ctcGreedy(model, [1, 2, 3] as unknown as Float32Array),
      'invalid-argument',
      /logits must be a Float32Array, got array of length 3/,
    ],
    [
      'NaN',
      (model) => ctcBeamSearch(model, Float32Array.of(0, 0, 0, 0, NaN, 0)),
      'non-finite-input',
      /got NaN at index 1 of timestep 1/,
    ],
  ];
  it.each(cases)('%s', (_, act, code, message) => {
    using model = modelOf(3);
    expect(() => act(model)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('a disposed model', () => {
    const model = modelOf(3);
    model.dispose();
    expect(() => ctcGreedy(model, logits)).toThrow(expect.objectContaining({ code: 'disposed' }));
  });
});
