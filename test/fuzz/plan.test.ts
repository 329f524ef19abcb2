import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileWasm } from '../kernels/module.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { type FarmResult, runFarm } from './farm.ts';
import { fuzzDefinitions, planImages } from './plan-images.ts';
import { putTogether, takeApart } from './plan-parts.ts';
import { HEADER_OUTCOMES, PlanTrial } from './plan-trial.ts';
import type { PlanFuzzData } from './plan-worker.ts';
import { fuzzSeed } from './seed.ts';

const MUTANTS = 2000;
const WORKER = 'test/fuzz/plan-worker.ts';
const images = planImages(testRuntime(), fuzzDefinitions());
const seed = fuzzSeed();

function builtModule(build: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(`dist/wasm/infer.${build}.wasm`));
}

function fuzz(module: WebAssembly.Module, untilFailure = false): Promise<FarmResult> {
  const data: PlanFuzzData = { module, images };
  return runFarm({ worker: WORKER, data, seed, from: 0, to: MUTANTS, untilFailure });
}

describe('the plan validator', () => {
  it.each(BUILDS)('accepts the images that the fuzzer starts from: %s', (build) => {
    const trial = new PlanTrial(builtModule(build));
    for (const image of images) {
      expect(trial.try(image)).toBe('accepted');
      expect(putTogether(takeApart(image))).toEqual(image);
    }
  });

  it.each(
    BUILDS,
  )(`lets nothing run that leaves its memory: ${MUTANTS} mutants, seed ${seed}, %s`, async (build) => {
    const { outcomes, failures } = await fuzz(builtModule(build));
    console.log(`plan fuzzer, ${build}, seed ${seed}: ${JSON.stringify(outcomes)}`);
    expect(failures).toEqual([]);
    const pastHeader = Object.entries(outcomes).filter(([name]) => !HEADER_OUTCOMES.includes(name));
    const count = pastHeader.reduce((sum, [, n]) => sum + n, 0);
    expect(count / MUTANTS).toBeGreaterThan(0.2);
    // Those that run show most: enough of them must.
    expect(outcomes.accepted! / MUTANTS).toBeGreaterThan(0.1);
  }, 60_000);
});

/** A check of validate.ts, and what is left of it in a broken build. */
const BROKEN: Record<string, [check: string, instead: string]> = {
  'the columns of a buffer': ['<u64>first + columns <= load<u32>(table, BufferEntry.Columns)', 'true'],
  'the number of a buffer': ['at >= countOf(plan, Header.Buffers) || first & 15', 'first & 15'],
  'the number of a state': ['at < countOf(plan, Header.States) && offset(op, i) == 0', 'offset(op, i) == 0'],
  'the end of a constant': ['<u64>at + bytes <= load<u32>(plan, Header.ByteLength)', 'true'],
  'the vocabulary of an embedding': ['load<u32>(input, InputEntry.Size) <= vocabulary', 'true'],
  'the size of an output': [
    'if (size > load<u32>(buffer, BufferEntry.Columns)) return Status.BadOutput;',
    '',
  ],
};

describe('the plan fuzzer', () => {
  it.each(Object.entries(BROKEN))(
    'notices a validator that does not check %s',
    async (_, [check, instead]) => {
      let edits = 0;
      const bytes = await compileWasm('assembly/infer.ts', 'simd', (source, path) => {
        if (!path.endsWith('plan/validate.ts')) return source;
        edits = source.split(check).length - 1;
        return source.replace(check, instead);
      });
      expect(edits).toBe(1);
      const { failures } = await fuzz(new WebAssembly.Module(bytes), true);
      expect(failures).toHaveLength(1);
      console.log(failures[0]!.split('\n')[0]);
    },
    60_000,
  );
});
