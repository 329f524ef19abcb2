import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serializeModel } from '../../src/formats/model-file.ts';
import { fuzzDefinitions } from './definitions.ts';
import { runFarm } from './farm.ts';
import { FileTrial } from './file-trial.ts';
import { countPastHeader, FUZZERS } from './fuzzers.ts';
import { fuzzSeed } from './seed.ts';

const MUTANTS = 2000;
const seed = fuzzSeed();
const module = new WebAssembly.Module(readFileSync('dist/wasm/infer.simd.wasm'));

describe('loading a model file', () => {
  const files = fuzzDefinitions().map(serializeModel);

  it('accepts the files that the fuzzer starts from', () => {
    const trial = new FileTrial(module);
    for (const file of files) expect(trial.try(file)).toBe('accepted');
  });

  it('refuses a file that ends at any byte', () => {
    const trial = new FileTrial(module);
    const file = files.reduce((a, b) => (a.length < b.length ? a : b));
    for (let length = 0; length < file.length; length++)
      expect(trial.try(file.slice(0, length))).toMatch(/^header: (invalid-file|unsupported-format)$/);
  });
});

describe.each(FUZZERS.filter(({ name }) => name !== 'plan'))('the $name fuzzer', (fuzzer) => {
  it(`finds nothing in ${MUTANTS} mutants of seed ${seed}`, async () => {
    const { worker } = fuzzer;
    const data = fuzzer.data(module);
    const { outcomes, failures } = await runFarm({ worker, data, seed, from: 0, to: MUTANTS });
    console.log(`${fuzzer.name} fuzzer, seed ${seed}: ${JSON.stringify(outcomes)}`);
    expect(failures).toEqual([]);
    const { past, all } = countPastHeader(fuzzer, outcomes);
    expect(all).toBe(MUTANTS);
    expect(past / all).toBeGreaterThan(fuzzer.leastPastHeader);
    expect(outcomes.accepted! / all).toBeGreaterThan(0.02);
  }, 60_000);
});
