import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileWasm } from '../kernels/module.ts';
import { BUILDS } from '../runtime.ts';
import { type FarmResult, runFarm } from './farm.ts';
import { countPastHeader, FUZZERS } from './fuzzers.ts';
import { putTogether, takeApart } from './plan-parts.ts';
import { PlanTrial } from './plan-trial.ts';
import type { PlanFuzzData } from './plan-worker.ts';
import { fuzzSeed } from './seed.ts';

const MUTANTS = 2000;
const seed = fuzzSeed();
const fuzzer = FUZZERS.find(({ name }) => name === 'plan')!;

function builtModule(build: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(`dist/wasm/infer.${build}.wasm`));
}

/** The images come from the build that is right, also where the validator of the one at test is broken. */
const { images } = fuzzer.data(builtModule('simd')) as PlanFuzzData;

function fuzz(
  module: WebAssembly.Module,
  options: { seed: number; untilFailure?: boolean },
): Promise<FarmResult> {
  const data: PlanFuzzData = { module, images };
  return runFarm({ worker: fuzzer.worker, data, from: 0, to: MUTANTS, ...options });
}

describe.each(BUILDS)('the plan validator of the %s build', (build) => {
  it('accepts the images that the fuzzer starts from', () => {
    const trial = new PlanTrial(builtModule(build));
    for (const image of images) {
      expect(trial.try(image)).toBe('accepted');
      expect(putTogether(takeApart(image))).toEqual(image);
    }
  });

  it(`lets nothing run that leaves its memory: ${MUTANTS} mutants, seed ${seed}`, async () => {
    const { outcomes, failures } = await fuzz(builtModule(build), { seed });
    console.log(`plan fuzzer, ${build}, seed ${seed}: ${JSON.stringify(outcomes)}`);
    expect(failures).toEqual([]);
    const { past, all } = countPastHeader(fuzzer, outcomes);
    expect(all).toBe(MUTANTS);
    expect(past / all).toBeGreaterThan(fuzzer.leastPastHeader);
    // Those that run show most: enough of them must.
    expect(outcomes.accepted! / all).toBeGreaterThan(0.1);
  }, 60_000);
});

/** A check of validate.ts, and what is left of it in a broken build. */
const BROKEN: Record<string, [check: string, instead: string]> = {
  'the columns of a buffer': ['<u64>first + columns <= load<u32>(table, BufferEntry.Columns)', 'true'],
  'the number of a buffer': ['at >= countOf(plan, Header.Buffers) || first & 15', 'first & 15'],
  'the number of a state': [
    'at < countOf(plan, Header.States) && operandOffset(op, i) == 0',
    'operandOffset(op, i) == 0',
  ],
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
    async (_, edit) => {
      const bytes = await compileWithout(...edit);
      const { failures } = await fuzz(new WebAssembly.Module(bytes), { seed: 1, untilFailure: true });
      expect(failures).toHaveLength(1);
      console.log(failures[0]!.split('\n')[0]);
    },
    60_000,
  );
});

async function compileWithout(check: string, instead: string): Promise<Uint8Array<ArrayBuffer>> {
  let edits = 0;
  const bytes = await compileWasm('assembly/infer.ts', 'simd', (source, path) => {
    if (!path.endsWith('plan/validate.ts')) return source;
    edits += source.split(check).length - 1;
    return source.replace(check, instead);
  });
  expect(edits, `places in validate.ts where it says: ${check}`).toBe(1);
  return bytes;
}
