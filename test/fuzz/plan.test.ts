import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Base, OpCode } from '../../assembly/shared/codes.ts';
import { Header } from '../../assembly/shared/plan.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import { BUILDS } from '../runtime.ts';
import { type FarmResult, runFarm } from './farm.ts';
import { countPastHeader, FUZZERS } from './fuzzers.ts';
import { compileWithGaps, type Edit, GAP } from './gaps.ts';
import { operandWords, putTogether, takeApart } from './plan-parts.ts';
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
  data: PlanFuzzData,
  options: { seed: number; to?: number; untilFailure?: boolean },
): Promise<FarmResult> {
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

  it('refuses a section without an op that runs in every session', () => {
    const trial = new PlanTrial(builtModule(build));
    const [what] = operandWords(1);
    const image = images.find((each) => hasRoom(each) && takeApart(each).sections.length === 1)!;
    const parts = takeApart(image);
    const own = parts.ops.findIndex((op) => op[what] === Base.Private);
    parts.ops.unshift(...parts.ops.splice(own, 1));
    expect(trial.try(putTogether(parts))).toBe('BadOperand');
  });

  it(`lets nothing run that leaves its memory: ${MUTANTS} mutants, seed ${seed}`, async () => {
    const { outcomes, failures } = await fuzz({ module: builtModule(build), images }, { seed });
    console.log(`plan fuzzer, ${build}, seed ${seed}: ${JSON.stringify(outcomes)}`);
    expect(failures).toEqual([]);
    const { past, all } = countPastHeader(fuzzer, outcomes);
    expect(all).toBe(MUTANTS);
    expect(past / all).toBeGreaterThan(fuzzer.leastPastHeader);
    // Those that run show most: enough of them must.
    expect(outcomes.accepted! / all).toBeGreaterThan(0.1);
  }, 60_000);
});

describe('a session', () => {
  it('has no room for an encoder that the plan has not, and none for rows without number', () => {
    const { exports } = createRuntimeSync(builtModule('simd'));
    const image = images.find((each) => takeApart(each).sections.length === 1)!;
    const plan = exports.allocate(image.length);
    new Uint8Array(exports.memory.buffer).set(image, plan);
    expect(exports.sessionBytes(plan, 4, 1, 0)).toBeGreaterThan(0);
    for (const [rows, chunk, memory] of [
      [4, 1, 1],
      [4, 1, 1 << 30],
      [4, 1, -1],
      [0, 1, 0],
      [4, 1 << 30, 0],
    ] as const)
      expect(exports.sessionBytes(plan, rows, chunk, memory)).toBe(0);
  });
});

const FRAMES = [OpCode.ConvolutionF32, OpCode.ConvolutionInt8, OpCode.MaxPool, OpCode.AveragePool];

/** Checks, and what is left of them in a broken build; the ops without which it shows too seldom. */
const BROKEN: Record<string, { edit: Edit; codes?: readonly OpCode[]; adapted?: true }> = {
  'the end of the private weights': {
    edit: ['operands', '<u64>at + bytes <= countOf(plan, Header.Private)', 'true'],
    adapted: true,
  },
  'whether a section is empty': { edit: ['validate', 'opCount == 0 || ', ''] },
  'the constant that a state begins with': {
    edit: [
      'validate',
      'if (initial != 0 && !isConstant(plan, initial, <u64>columnsOf(size) * 4)) return Status.BadState;',
      '',
    ],
  },
  'the size of an output': {
    edit: ['validate', 'if (size > load<u32>(buffer, BufferEntry.Columns)) return Status.BadOutput;', ''],
  },
  'the columns of a buffer': {
    edit: ['operands', '<u64>first + columns <= load<u32>(table, BufferEntry.Columns)', 'true'],
  },
  'the number of a buffer': {
    edit: ['operands', 'at >= countOf(plan, Header.Buffers) || first & 15', 'first & 15'],
  },
  'the section of a buffer': {
    edit: ['operands', 'load<u32>(table, BufferEntry.Section) == section', 'true'],
  },
  'that an attention reads the encoder': {
    edit: [
      'operands',
      'isBuffer(plan, op, i, columns, SectionKind.Encoder)',
      '(isBuffer(plan, op, i, columns, SectionKind.Encoder) || isBuffer(plan, op, i, columns, section))',
    ],
    codes: [OpCode.Attention],
  },
  'the number of a state': { edit: ['operands', 'at >= countOf(plan, Header.States) || ', ''] },
  'the section of a state': {
    edit: ['operands', ' && load<u32>(table, StateEntry.Section) == section', ''],
    codes: [OpCode.CopyState],
  },
  'the end of a constant': {
    edit: ['operands', '<u64>at + bytes <= load<u32>(plan, Header.ByteLength)', 'true'],
  },
  'the vocabulary of an embedding': {
    edit: ['operands', 'load<u32>(input, InputEntry.Size) <= vocabulary', 'true'],
    codes: [OpCode.Embedding],
  },
  'that a state goes timestep by timestep': {
    edit: ['validate-op', 'if (operandBase(op, i) == Base.State) return false;', ';'],
    codes: [OpCode.RnnTanh],
  },
  'the blocks of a layer norm': {
    edit: ['validate-op', 'case K_BLOCKS: return k * width;', 'case K_BLOCKS: return width;'],
    codes: [OpCode.LayerNorm],
  },
  'what a window gives': {
    edit: ['signatures', 'STATE | K, BUFFER | K_AND_N', 'STATE | K, BUFFER | N'],
    codes: [OpCode.Window],
  },
  'the four blocks of an LSTM': {
    edit: ['signatures', 'BUFFER | N4, STATE | N, STATE | N', 'BUFFER | N, STATE | N, STATE | N'],
    codes: [OpCode.Lstm],
  },
  'the kernel of a convolution': {
    edit: ['frame-ops', ' || k != vectorsOf(frame, Frame.Kernel)', ''],
    codes: FRAMES,
  },
  'the outputs of a convolution': {
    edit: ['frame-ops', '<u64>m * load<u32>(frame, Frame.OutWidth)', '<u64>m'],
    codes: FRAMES,
  },
  'the outputs of pooling': {
    edit: ['frame-ops', 'n == vectorsOf(frame, Frame.OutWidth)', 'true'],
    codes: FRAMES,
  },
};

describe('the plan fuzzer', () => {
  it(`finds nothing that leaves its buffer: ${MUTANTS} mutants, seed ${seed}`, async () => {
    const { failures } = await fuzz({ module: await compileWithGaps(), images, gap: GAP }, { seed });
    expect(failures).toEqual([]);
  }, 60_000);

  it.each(Object.entries(BROKEN))(
    'notices a validator that does not check %s',
    async (_, { edit, codes, adapted }) => {
      const module = await compileWithGaps(edit);
      const some = images.filter((image) => (!codes || hasOp(image, codes)) && (!adapted || hasRoom(image)));
      const data = { module, images: some, gap: GAP };
      const { failures } = await fuzz(data, { seed: 1, to: 5 * MUTANTS, untilFailure: true });
      expect(failures).toHaveLength(1);
      console.log(failures[0]!.split('\n')[0]);
    },
    60_000,
  );
});

function hasRoom(image: Uint8Array): boolean {
  return takeApart(image).header[Header.Private / 4]! > 0;
}

function hasOp(image: Uint8Array, codes: readonly OpCode[]): boolean {
  return takeApart(image).ops.some(([code]) => codes.includes(code!));
}
