import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countPastHeader, FORMAT_FUZZERS } from '../fuzzers.ts';
import { runProcessFarm } from '../process-farm.ts';
import { fuzzSeed } from '../seed.ts';
import { FormatTrial } from './format-trial.ts';
import { type FuzzedFormat, SAMPLES } from './samples.ts';

const MUTANTS = 2000;
const seed = fuzzSeed();
const module = new WebAssembly.Module(readFileSync('dist/wasm/infer.simd.wasm'));

describe.each(FORMAT_FUZZERS)('the $name fuzzer', (fuzzer) => {
  it('starts from files that are accepted', async () => {
    const format = fuzzer.name as FuzzedFormat;
    const trial = new FormatTrial(format, module);
    const outcomes = await Promise.all(SAMPLES[format]().map((sample) => trial.try(sample)));
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter((outcome) => outcome === 'accepted').length).toBeGreaterThan(outcomes.length / 2);
  });

  it(`finds nothing in ${MUTANTS} mutants of seed ${seed}`, async () => {
    const { worker } = fuzzer;
    const data = fuzzer.data(module);
    const { outcomes, failures } = await runProcessFarm({ worker, data, seed, from: 0, to: MUTANTS });
    console.log(`${fuzzer.name} fuzzer, seed ${seed}: ${JSON.stringify(outcomes)}`);
    expect(failures).toEqual([]);
    const { past, all } = countPastHeader(fuzzer, outcomes);
    expect(all).toBe(MUTANTS);
    expect(past / all).toBeGreaterThan(fuzzer.leastPastHeader);
  }, 180_000);
});
