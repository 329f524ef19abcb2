import { describe, expect, it } from 'vitest';
import { collect, type Reading, readText } from '../../../src/index.ts';

async function* sensor(): AsyncGenerator<Reading> {
  for (let i = 0; ; i++) yield { inputs: [i, i / 2], targets: 1 - i };
}

describe('collect', () => {
  it('takes as many readings as asked for, and lets the stream go', async () => {
    let ended = false;
    async function* watched() {
      try {
        yield* sensor();
      } finally {
        ended = true;
      }
    }
    expect(await collect(watched(), { readings: 3 })).toEqual({
      inputs: Float32Array.of(0, 0, 1, 0.5, 2, 1),
      targets: Float32Array.of(1, 0, -1),
      timesteps: 3,
    });
    expect(ended).toBe(true);
  });

  it('looks ahead, and takes what is no stream too', async () => {
    const readings = [1, 2, 3, 4].map((value) => ({ inputs: value, targets: Float64Array.of(value) }));
    expect(await collect(readings, { horizon: 2 })).toEqual({
      inputs: Float32Array.of(1, 2),
      targets: Float32Array.of(2, 3, 3, 4),
      timesteps: 2,
    });
  });

  it('grows beyond what it began with', async () => {
    const { inputs, timesteps } = await collect(sensor(), { readings: 5000 });
    expect([timesteps, inputs.length, inputs[9998]]).toEqual([5000, 10_000, 4999]);
  });

  const refusals: readonly [string, unknown, string, RegExp][] = [
    ['NaN', { inputs: [1, Number.NaN], targets: 1 }, 'non-finite-input', /reading 1: inputs.*NaN at index 1/],
    ['an endless target', { inputs: [1, 2], targets: 1e39 }, 'invalid-target', /reading 1: targets.*1e\+39/],
    ['other sizes', { inputs: [1], targets: 1 }, 'wrong-length', /reading 1: inputs: expected 2.*got 1/],
    ['no targets', { inputs: [1, 2] }, 'invalid-argument', /reading 1: targets must be.*got undefined/],
    ['nothing', undefined, 'invalid-argument', /reading 1: inputs must be/],
    ['text', { inputs: ['1', '2'], targets: 1 }, 'non-finite-input', /reading 1: inputs.*got "1"/],
  ];
  it.each(refusals)('refuses %s', async (_, reading, code, words) => {
    const readings = [{ inputs: [1, 2], targets: 3 }, reading as Reading];
    await expect(collect(readings)).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it('refuses no readings', async () => {
    await expect(collect([])).rejects.toMatchObject({ code: 'empty-data' });
  });
});

it('readText joins what arrives, characters that are cut too', async () => {
  const bytes = new TextEncoder().encode('Ahab’s 🐋');
  async function* chunks() {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  expect(await readText(chunks())).toBe('Ahab’s 🐋');
});
