import { describe, expect, it } from 'vitest';
import {
  attention,
  concat,
  type DecodeOptions,
  decode,
  dense,
  embedding,
  gru,
  input,
  lstm,
  model,
  statesOf,
  tokens,
} from '../../src/index.ts';
import { Model } from '../../src/session/model.ts';
import { testRuntime } from '../runtime.ts';
import { referenceBeam } from './reference.ts';

const START = 4;
const END = 3;
const LENGTHS = [5, 1, 3];

/** Tokens in, attended to; tokens out. */
function translator(build: 'simd' | 'scalar' = 'simd'): Model {
  const runtime = testRuntime(build);
  const source = tokens('source', 6);
  const encoded = lstm(17, { direction: 'both', merge: 'average' })(embedding(6, 9)(source));
  const read = tokens('tokens', 5);
  const h = gru(17, { initial: { h: statesOf(encoded)['reverse.h']! } })(embedding(5, 7)(read));
  const logits = dense(4)(concat([h, attention(encoded, { scale: 2 })(h)]));
  const parts = { inputs: [read], outputs: { logits }, encoder: { inputs: [source] } };
  return new Model(runtime, sharpened(model({ ...parts, runtime, seed: 3 })));
}

/** A vector in, which the decoder begins with. */
function caption(): Model {
  const runtime = testRuntime();
  const image = input('image', 10);
  const seen = dense(12, { activation: 'tanh' })(image);
  const read = tokens('tokens', 5);
  const logits = dense(4)(gru(12, { initial: { h: seen } })(embedding(5, 6)(read)));
  const parts = { inputs: [read], outputs: { logits }, encoder: { inputs: [image] } };
  return new Model(runtime, sharpened(model({ ...parts, runtime, seed: 4 })));
}

/** With weights so large that sequences differ. */
function sharpened<D extends ReturnType<typeof model>>(definition: D): D {
  for (const { data } of definition.tensors.values()) for (let i = 0; i < data.length; i++) data[i]! *= 3;
  return definition;
}

const sources = LENGTHS.map((length, row) =>
  Uint32Array.from({ length }, (_, t) => (3 * t + 2 * row + 1) % 6),
);

/** [timesteps, batch], zeros behind the end of a row. */
const padded = Uint32Array.from({ length: 5 * 3 }, (_, i) => sources[i % 3]![Math.floor(i / 3)] ?? 0);

const STRATEGIES: Omit<DecodeOptions, 'start'>[] = [
  { strategy: 'greedy' },
  { strategy: 'sample', seed: 5 },
  { strategy: 'beam', beamWidth: 3 },
  { strategy: 'beam', beamWidth: 7, normalize: true },
];

describe('a decoder behind an encoder', () => {
  const translate = translator();

  it.each(STRATEGIES)('decodes each row of a batch as if it were alone, on both builds: %o', (how) => {
    const options = { start: START, end: END, maxLength: 12, ...how };
    const scalar = translator('scalar').createSession();
    const batch = translate.createSession({ batchSize: 3 });
    batch.encode(padded, { lengths: Uint32Array.from(LENGTHS) });
    sources.forEach((source, row) => {
      const alone = translate.createSession();
      alone.encode(source);
      const expected = decode(alone, options);
      expect(decode(batch, { ...options, row })).toEqual(expected);
      scalar.encode(source);
      expect(decode(scalar, options)).toEqual(expected);
    });
  });

  it.each([1, 2, 4, 300])('searches with %i beams what its steps give', (beamWidth) => {
    for (const source of sources) {
      const session = translate.createSession();
      const logits = (read: readonly number[]) => {
        session.encode(source);
        let last = new Float32Array();
        for (const token of read) last = session.step(token) as typeof last;
        return Float64Array.from(last);
      };
      const options = { start: START, end: END, maxLength: 4, normalize: false };
      const expected = referenceBeam(logits, beamWidth, options);
      session.encode(source);
      const found = decode(session, { ...options, strategy: 'beam', beamWidth });
      expect([...found.tokens]).toEqual([...expected.tokens]);
      expect(found.ended).toBe(expected.ended);
      expect(Math.abs(found.score - expected.score)).toBeLessThan(1e-4);
    }
  });

  it('decodes a sequence out of a vector, each out of its own', () => {
    const session = caption().createSession();
    const found = [0, 1, 2, 3].map((seed) => {
      session.encode(Float32Array.from({ length: 10 }, (_, i) => Math.sin(7 * seed + i)));
      return decode(session, { start: START, end: END, maxLength: 10 }).tokens.join(' ');
    });
    expect(new Set(found).size).toBeGreaterThan(1);
  });

  it('refuses before anything is encoded, naming the node', () => {
    const session = translate.createSession();
    expect(() => decode(session, { start: START })).toThrow(
      expect.objectContaining({ code: 'not-encoded', message: expect.stringMatching(/call encode first/) }),
    );
  });
});
