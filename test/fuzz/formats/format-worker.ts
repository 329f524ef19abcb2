import { readFileSync } from 'node:fs';
import { workApart } from '../process-work.ts';
import { mutateSample } from './format-mutants.ts';
import { FormatTrial } from './format-trial.ts';
import { type FuzzedFormat, SAMPLES } from './samples.ts';

/** What the worker of a format's fuzzer is given. */
export interface FormatFuzzData {
  readonly format: FuzzedFormat;
}

workApart<FormatFuzzData>(async ({ data: { format }, seed }) => {
  const samples = SAMPLES[format]();
  const trial = new FormatTrial(format, new WebAssembly.Module(readFileSync('dist/wasm/infer.simd.wasm')));
  for (const sample of samples) await trial.try(sample); // what is compiled and grown once
  return async (index) => ({ outcome: await trial.try(mutateSample(format, samples, seed, index)) });
});
