import { describe, expect, it } from 'vitest';
import { runFarm } from './farm.ts';

describe('the farm', () => {
  it('kills a mutant that does not end, reports one that throws, and goes on with the next', async () => {
    const verdicts: number[] = [];
    const { outcomes, failures } = await runFarm({
      worker: 'test/fuzz/farm-worker.ts',
      data: { hang: 3, fail: 5, leave: 7 },
      seed: 9,
      from: 0,
      to: 10,
      onVerdict: ({ index }) => verdicts.push(index),
    });
    expect(outcomes).toEqual({ good: 7, killed: 2, failed: 1 });
    expect(verdicts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(failures).toEqual([
      'mutant 3 of seed 9: took longer than 1000 ms',
      expect.stringMatching(/^mutant 5 of seed 9: Error: on purpose/),
      'mutant 7 of seed 9: the worker left with status 0',
    ]);
  }, 20_000);
});
