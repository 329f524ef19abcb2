/** Plans with changed descriptors of convolution and pooling: refused, or run within their memory. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OpCode } from '../../assembly/shared/codes.ts';
import { Frame } from '../../assembly/shared/convolution.ts';
import { OpEntry } from '../../assembly/shared/plan.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import { Model } from '../../src/session/model.ts';
import { planImage } from '../hosts/plan-image.ts';
import { Random } from '../reference/random.ts';
import { BUILDS } from '../runtime.ts';
import { frameCases } from '../session/frame-cases.ts';
import { operandWords, putTogether, takeApart } from './plan-parts.ts';
import { PlanTrial } from './plan-trial.ts';
import { fuzzSeed } from './seed.ts';

const MUTANTS = 1500;
const [, DESCRIPTOR] = operandWords(4);
const SIZES = [OpEntry.K / 4, OpEntry.N / 4, OpEntry.M / 4];
const CODES: readonly number[] = [
  OpCode.ConvolutionF32,
  OpCode.ConvolutionInt8,
  OpCode.MaxPool,
  OpCode.AveragePool,
];

function images(module: WebAssembly.Module): Uint8Array[] {
  const runtime = createRuntimeSync(module);
  return frameCases().flatMap(({ definition }) =>
    [definition, quantize(definition, { weights: 'int8', keep: ['0'] }).definition].map((each) => {
      using model = new Model(runtime, each);
      return planImage(model);
    }),
  );
}

/** A few words of the descriptors, or sizes of the ops that read them. */
function mutate(image: Uint8Array, random: Random): Uint8Array {
  const parts = takeApart(image);
  const ops = parts.ops.filter(([code]) => CODES.includes(code!));
  const constants = new DataView(parts.constants.buffer);
  if (ops.length === 0) return image;
  do {
    const op = random.pick(ops);
    if (random.uniform() < 0.3) {
      const size = random.pick(SIZES);
      op[size] = another(op[size]!, random) >>> 0;
    } else {
      const at = op[DESCRIPTOR]! + 4 * random.integer(0, Frame.Bytes / 4);
      constants.setInt32(at, another(constants.getInt32(at, true), random), true);
    }
  } while (random.uniform() < 0.6);
  return putTogether(parts);
}

function another(value: number, random: Random): number {
  return random.pick([
    0,
    1,
    -1,
    value + 1,
    value - 1,
    value * 2,
    -value,
    value + 16,
    random.integer(0, 64),
    -random.integer(0, 64),
    2 ** 16,
    2 ** 20,
    2 ** 30,
    2 ** 31 - 1,
    -(2 ** 20),
  ]);
}

it.each(BUILDS)(`${MUTANTS} descriptors on the %s build`, (build) => {
  const module = new WebAssembly.Module(readFileSync(`dist/wasm/infer.${build}.wasm`));
  const trial = new PlanTrial(module);
  const random = new Random(fuzzSeed());
  const all = images(module);
  for (const image of all) expect(trial.try(image)).toBe('accepted');
  let accepted = 0;
  for (let i = 0; i < MUTANTS; i++) {
    if (trial.try(mutate(random.pick(all), random)) === 'accepted') accepted++;
  }
  expect(accepted / MUTANTS).toBeGreaterThan(0.1);
});
