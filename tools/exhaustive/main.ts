// Every one of the 2³² float32 inputs through tanh, sigmoid, exp and log, SIMD build and scalar build, against float64:
//
//   node tools/build/run.mjs tools/exhaustive/main.ts > tools/exhaustive/results.txt
//
// One core, about a quarter of an hour. Exits with 1 where a value leaves its range, an error its bound, a NaN does not
// stay NaN or the two builds differ. Progress goes to stderr.

import { FREE, type KernelExports, kernels } from '../../test/kernels/module.ts';
import { codeHash, SUBJECTS, type Subject } from './subjects.ts';

const BLOCK = 1 << 20;
const BLOCKS = 2 ** 32 / BLOCK;
const BYTES = 4 * BLOCK;

/** One build with a block of inputs and a block of outputs. */
interface Bench {
  readonly kernels: KernelExports;
  readonly inputs: Uint32Array;
  readonly outputs: Float32Array;
  readonly outputBytes: Uint8Array;
}

interface Result {
  largest: number;
  largestAt: number;
  outOfRange: number;
  notNaN: number;
  different: number;
}

async function bench(target: 'simd' | 'scalar'): Promise<Bench> {
  const exports = await kernels(target, 2 * BYTES);
  const { buffer } = exports.memory;
  return {
    kernels: exports,
    inputs: new Uint32Array(buffer, FREE, BLOCK),
    outputs: new Float32Array(buffer, FREE + BYTES, BLOCK),
    outputBytes: new Uint8Array(buffer, FREE + BYTES, BYTES),
  };
}

function examine(subject: Subject, simd: Bench, scalar: Bench): Result {
  const result: Result = { largest: 0, largestAt: 0, outOfRange: 0, notNaN: 0, different: 0 };
  for (let block = 0; block < BLOCKS; block++) {
    for (const { kernels, inputs } of [simd, scalar]) {
      for (let i = 0; i < BLOCK; i++) inputs[i] = block * BLOCK + i;
      subject.run(kernels, FREE, FREE + BYTES, BYTES);
    }
    result.different += countDifferences(simd, scalar);
    measure(subject, simd, result);
    if (block % 256 === 255) console.error(`${subject.name} ${block + 1} of ${BLOCKS} blocks`);
  }
  return result;
}

/** Bits that differ, where not both are NaN. */
function countDifferences(simd: Bench, scalar: Bench): number {
  if (Buffer.compare(simd.outputBytes, scalar.outputBytes) === 0) return 0;
  let count = 0;
  for (let i = 0; i < BLOCK; i++) if (!Object.is(simd.outputs[i], scalar.outputs[i])) count++;
  return count;
}

function measure(subject: Subject, { inputs, outputs }: Bench, result: Result): void {
  const floats = new Float32Array(inputs.buffer, inputs.byteOffset, BLOCK);
  const [low, high] = subject.range;
  for (let i = 0; i < BLOCK; i++) {
    const x = floats[i]!;
    const y = outputs[i]!;
    if (Number.isNaN(x)) {
      if (subject.nan && !Number.isNaN(y)) result.notNaN++;
      continue;
    }
    if (!(y >= low && y <= high)) result.outOfRange++;
    if (!subject.measured(x)) continue;
    const error = subject.error(y, subject.reference(x));
    if (error > result.largest) {
      result.largest = error;
      result.largestAt = x;
    }
  }
}

function report(subject: Subject, result: Result): string {
  const [low, high] = subject.range;
  return [
    `${subject.name}`,
    `  largest error ${result.largest.toPrecision(6)} (${subject.unit}; at most ${subject.bound} promised) at x = ${result.largestAt}`,
    `  outside [${low}, ${high}]: ${result.outOfRange}`,
    subject.nan ? `  NaN that did not stay NaN: ${result.notNaN}` : '  NaN: outside the contract',
    `  scalar and SIMD differ: ${result.different}`,
  ].join('\n');
}

const [simd, scalar] = [await bench('simd'), await bench('scalar')];
console.log(`All ${2 ** 32} float32 inputs; Node ${process.versions.node}, ${process.arch}.`);
console.log(`Code of the kernels, without comments: SHA-256 ${codeHash()}`);
for (const subject of SUBJECTS) {
  const result = examine(subject, simd, scalar);
  console.log(report(subject, result));
  if (result.outOfRange + result.notNaN + result.different > 0) process.exitCode = 1;
  if (result.largest > subject.bound) process.exitCode = 1;
}
