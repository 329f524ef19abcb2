// A plan in a data segment below `heapStart`, as a tool would bake it into a module: it streams from there.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as rivulet from '../../src/index.ts';
import type { InferExports } from '../../src/runtime/exports.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { bakePlan } from './bake.ts';
import { hostCases } from './cases.ts';
import { wasmUrl } from './host.ts';
import { planImage } from './plan-image.ts';
import { streamHash } from './stream.ts';

const OK = 0;

const cases = hostCases().map((hostCase) => [hostCase.name, hostCase] as const);

describe.for(BUILDS)('a module with a baked plan, %s build', (build) => {
  const wasm = new Uint8Array(readFileSync(wasmUrl(`infer.${build}`)));

  it.for(cases)('streams from below heapStart, with the same bits: %s', async ([, { model, inputs }]) => {
    const loaded = rivulet.loadModelSync(model, { runtime: testRuntime(build) });
    const image = planImage(loaded);
    const baked = bakePlan(wasm, image);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(baked.wasm));
    const module = exports as unknown as InferExports;
    const holdsPlan = () => Buffer.from(module.memory.buffer, baked.plan, image.length).equals(image);

    expect(module.heapStart.value).toBe(baked.heapStart);
    expect(holdsPlan(), 'the plan before the stream').toBe(true);
    expect(module.validate(baked.plan, image.length)).toBe(OK);
    const session = module.allocate(module.sessionBytes(baked.plan, 1, 1, 0));
    expect(session, 'the first block').toBe(baked.heapStart);
    module.sessionInit(session, baked.plan, 1, 1, 0);
    const outputs = stream(module, session, inputs, loaded.inputs[0]!.size, loaded.outputs[0]!.size);

    const hash = createHash('sha256').update(outputs).digest('hex');
    expect(hash).toBe(await streamHash(rivulet, new WebAssembly.Module(wasm), model, inputs));
    expect(holdsPlan(), 'the plan after the stream').toBe(true);
  });
});

/** Steps through the module's exports alone. */
function stream(
  module: InferExports,
  session: number,
  inputs: Float32Array | Uint32Array,
  inputSize: number,
  outputSize: number,
): Float32Array {
  const input = module.inputAddress(session, 0) >> 2;
  const output = module.outputAddress(session, 0) >> 2;
  const { buffer } = module.memory;
  const [memory, width] =
    inputs instanceof Float32Array ? [new Float32Array(buffer), inputSize] : [new Uint32Array(buffer), 1];
  const floats = new Float32Array(buffer);
  const outputs = new Float32Array((inputs.length / width) * outputSize);
  for (let from = 0, to = 0; from < inputs.length; from += width, to += outputSize) {
    memory.set(inputs.subarray(from, from + width), input);
    expect(module.step(session)).toBe(OK);
    outputs.set(floats.subarray(output, output + outputSize), to);
  }
  return outputs;
}
