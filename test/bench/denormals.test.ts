import { describe, expect, it } from 'vitest';
import { DENORMAL_CELLS, measureDenormals } from '../../tools/bench/denormals.ts';
import { runtimeWithoutFlush } from '../../tools/bench/without-flush.ts';
import { testRuntime } from '../runtime.ts';

// Times belong to the benchmark; that no state is denormal after the silence is what the flush is for.
const OPTIONS = { hidden: 32, noiseSteps: 200, silentSteps: 6000 };

describe('a state that decays in silence', () => {
  it.each(DENORMAL_CELLS)('is never denormal: %s', async (cell) => {
    expect((await measureDenormals(testRuntime(), cell, OPTIONS)).denormals).toBe(0);
  });

  it('is denormal in a build without the flush', { timeout: 60_000 }, async () => {
    const runtime = await runtimeWithoutFlush();
    for (const cell of DENORMAL_CELLS) {
      expect((await measureDenormals(runtime, cell, OPTIONS)).denormals, cell).toBeGreaterThan(0);
    }
  });
});
