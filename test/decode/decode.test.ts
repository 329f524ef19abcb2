import { describe, expect, it } from 'vitest';
import { type Decoded, type DecodeOptions, decode, generateText, RivuletError } from '../../src/index.ts';
import { Model } from '../../src/session/model.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { type Logits, referenceBeam } from './reference.ts';

const VOCABULARY = 4;
const START = 0;
const END = 3;
const SEEDS = [1, 2, 3, 4, 5];
/** Log-probabilities of at most five tokens in float32. */
const TOLERANCE = 1e-4;

/** A model whose sequences differ enough for a beam to matter. */
function definitionOf(seed: number) {
  return randomModel({
    cell: 'gru-after',
    input: 5,
    hidden: 9,
    depth: 1,
    vocabulary: VOCABULARY,
    output: VOCABULARY,
    seed,
    scale: 6,
  });
}

function referenceOf(seed: number): Logits {
  const definition = definitionOf(seed);
  return (tokens) => {
    const session = new ReferenceSession(definition);
    let logits = new Float64Array();
    for (const token of tokens) logits = session.step(token) as typeof logits;
    return logits;
  };
}

const sessionOf = (seed: number, build: 'simd' | 'scalar' = 'simd') =>
  new Model(testRuntime(build), definitionOf(seed)).createSession();

function expectSame(actual: Decoded, expected: Decoded): void {
  expect([...actual.tokens]).toEqual([...expected.tokens]);
  expect(actual.ended).toBe(expected.ended);
  expect(Math.abs(actual.score - expected.score)).toBeLessThan(TOLERANCE);
}

describe.each(SEEDS)('beam search (seed %i)', (seed) => {
  const logits = referenceOf(seed);
  const session = sessionOf(seed);

  it.each([false, true])('as wide as all sequences finds the best of them, normalize %s', (normalize) => {
    const width = VOCABULARY ** 5;
    const expected = referenceBeam(logits, width, { start: START, end: END, maxLength: 4, normalize });
    const options = { start: START, end: END, maxLength: 4, normalize, beamWidth: width };
    expectSame(decode(session, { ...options, strategy: 'beam' }), expected);
  });

  it.each([1, 2, 3, 5])('of width %i is that of float64', (beamWidth) => {
    for (const end of [END, undefined]) {
      for (const normalize of [false, true]) {
        const expected = referenceBeam(logits, beamWidth, {
          start: START,
          end: end ?? -1,
          maxLength: 6,
          normalize,
        });
        const options = { start: START, ...(end && { end }), maxLength: 6, beamWidth, normalize };
        expectSame(decode(session, { ...options, strategy: 'beam' }), expected);
      }
    }
  });

  it('of width 1 is greedy decoding', () => {
    const options = { start: START, end: END, maxLength: 20 };
    const greedy = decode(session, options);
    expect(decode(session, { ...options, strategy: 'beam', beamWidth: 1 })).toEqual(greedy);
    expect(decode(session, { ...options, strategy: 'sample', temperature: 0 })).toEqual(greedy);
  });

  it('has the same bits on both builds', () => {
    const scalar = sessionOf(seed, 'scalar');
    for (const strategy of ['greedy', 'sample', 'beam'] as const) {
      const options = { start: START, end: END, maxLength: 10, strategy, seed };
      expect(decode(scalar, options)).toEqual(decode(session, options));
    }
  });
});

describe('sampling', () => {
  it('draws the tokens that generateText draws', () => {
    const vocabulary = [...'abcd'];
    const definition = { ...definitionOf(9), tokenizer: { type: 'characters', vocabulary } as const };
    const session = new Model(testRuntime(), definition).createSession();
    const sampling = { temperature: 1.2, topK: 3, topP: 0.9, seed: 11 };
    const { tokens } = decode(session, { start: 2, maxLength: 50, strategy: 'sample', ...sampling });
    const text = [...generateText(session, { prompt: 'c', maxTokens: 50, ...sampling })].join('');
    expect(Array.from(tokens, (token) => vocabulary[token]).join('')).toBe(text);
  });
});

describe('a decoder', () => {
  const session = sessionOf(1);

  it('that never ends is stopped, and says so', () => {
    for (const strategy of ['greedy', 'sample', 'beam'] as const) {
      const { tokens, ended } = decode(session, { start: START, maxLength: 30, strategy });
      expect([tokens.length, ended]).toEqual([30, false]);
    }
    const { tokens, ended, score } = decode(session, { start: START, maxLength: 0 });
    expect([tokens.length, ended, score]).toEqual([0, false, 0]);
    expect(decode(session, { start: START }).tokens.length).toBe(200);
  });

  it('goes on from the state of the session, which stays as it was', () => {
    const moved = sessionOf(1);
    moved.step(2);
    const before = moved.snapshot();
    const tokens = decode(moved, { start: 1, maxLength: 8 }).tokens;
    expect(moved.snapshot()).toEqual(before);
    const logits = referenceOf(1);
    const expected = [2, 1];
    for (const token of tokens) {
      const values = Array.from(logits(expected));
      expect(token).toBe(values.indexOf(Math.max(...values)));
      expected.push(token);
    }
  });

  it('leaves no memory behind', () => {
    const options = { start: START, end: END, strategy: 'beam', beamWidth: 64 } as const;
    decode(session, options);
    const bytes = session.model.runtime.memoryBytes;
    for (let i = 0; i < 100; i++) decode(session, options);
    expect(session.model.runtime.memoryBytes).toBe(bytes);
  });

  it('gives equals to the lowest token', () => {
    const definition = definitionOf(1);
    for (const { data } of definition.tensors.values()) data.fill(0);
    const even = new Model(testRuntime(), definition).createSession();
    for (const strategy of ['greedy', 'beam'] as const) {
      const options = { start: START, maxLength: 3, strategy };
      expect(decode(even, options)).toEqual({
        tokens: Uint32Array.of(0, 0, 0),
        ended: false,
        score: 3 * Math.fround(-Math.log(4)),
      });
      expect(decode(even, { ...options, end: 0 }).tokens).toEqual(new Uint32Array(0));
    }
  });
});

describe('refusals', () => {
  const session = sessionOf(1);
  const cases: [name: string, options: object, message: RegExp][] = [
    ['no start', {}, /start must be a token from 0 to 3, got undefined/],
    ['a start that is no token', { start: 4 }, /start must be a token from 0 to 3, got 4/],
    ['an end that is no token', { end: -1 }, /end must be a token from 0 to 3, got -1/],
    ['no length', { maxLength: 1.5 }, /maxLength must be an integer of at least 0, got 1.5/],
    ['another strategy', { strategy: 'best' }, /strategy must be one of greedy, sample, beam, got "best"/],
    ['no beam', { beamWidth: 0 }, /beamWidth must be an integer from 1 to 1024, got 0/],
    ['too many beams', { beamWidth: 1025 }, /beamWidth must be an integer from 1 to 1024, got 1025/],
    ['a normalize that is no boolean', { normalize: 1 }, /normalize must be true or false, got 1/],
    ['a temperature below its range', { temperature: 1e-4 }, /temperature must be 0 or in/],
    ['no tokens to draw from', { topK: 0 }, /topK must be an integer of at least 1, got 0/],
    ['a row that is not there', { row: 1 }, /row must be a row of the session, 0 to 0, got 1/],
  ];
  it.each(cases)('%s', (name, options, message) => {
    const given = name === 'no start' ? options : { start: START, ...options };
    expectRefusal(() => decode(session, given as DecodeOptions), 'invalid-argument', message);
  });

  it('a model that cannot read its output', () => {
    const options = { cell: 'lstm', input: 5, hidden: 8, depth: 1, output: 5, seed: 1 } as const;
    const features = new Model(testRuntime(), randomModel(options)).createSession();
    expectRefusal(() => decode(features, { start: 0 }), 'invalid-argument', /one input of tokens/);
    const wide = new Model(testRuntime(), randomModel({ ...options, vocabulary: 4 })).createSession();
    expectRefusal(() => decode(wide, { start: 0 }), 'invalid-argument', /5 logits.*tokens below 4/);
  });

  it('a session that is disposed', () => {
    const gone = sessionOf(2);
    gone.dispose();
    expectRefusal(() => decode(gone, { start: 0 }), 'disposed', /disposed/);
  });
});

function expectRefusal(run: () => unknown, code: string, message: RegExp): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RivuletError);
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) });
}
