/** Models in QDQ form (qdq/make.py), whose values are rounded to integers on their way, against ONNX Runtime. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import { toOnnx } from '../../../src/convert/onnx/write.ts';
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { Model } from '../../../src/session/model.ts';
import { Random } from '../../reference/random.ts';
import { testRuntime } from '../../runtime.ts';
import { ort } from '../oracle.ts';

const TIMESTEPS = 100;
const INPUTS = 5;
/** Far below a step of the rounding, of .01 and .03: every integer is the same. */
const TOLERANCE = 1e-5;
/** Where weights stay int8, products round their other factor to 16 bits: now and then that is the next integer. */
const MOST_STEPS = 1;
const CHANGED = 0.01;
const FILES = [
  ['perceptron', [TIMESTEPS, INPUTS], 0.03],
  ['lstm', [TIMESTEPS, 1, INPUTS], 0.01],
] as const;
const runtime = testRuntime();
const x = new Random(9).gaussians(TIMESTEPS * INPUTS);

function bytesOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`qdq/${name}.onnx`, import.meta.url)));
}

/** As the file says: optimized, ONNX Runtime multiplies integers, which sometimes are rounded to another one. */
async function runOnnx(bytes: Uint8Array, dims: readonly number[]): Promise<Float32Array> {
  const session = await ort!.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
  const [input] = session.inputNames;
  const outputs = await session.run({ [input!]: new ort!.Tensor('float32', x, dims) });
  return outputs[session.outputNames[0]!]!.data;
}

function run(definition: ModelDefinition): Float32Array {
  using model = new Model(runtime, definition);
  return model.createSession().run(x);
}

/** The same weights as float32. */
function inFloat32(definition: ModelDefinition): ModelDefinition {
  const tensors = new Map(definition.tensors);
  for (const [name, { dtype, shape, data }] of definition.tensors) {
    if (dtype !== 'I8') continue;
    const { data: scale } = tensors.get(`${name}.scale`)!;
    const columns = data.length / scale.length;
    const values = Float32Array.from(data, (value, at) => value * scale[Math.floor(at / columns)]!);
    tensors.set(name, { dtype: 'F32', shape, data: values });
    tensors.delete(`${name}.scale`);
  }
  return { ...definition, tensors };
}

function differences(found: Float32Array, wanted: Float32Array): Float32Array {
  expect(found.length).toBe(wanted.length);
  return found.map((value, at) => Math.abs(value - wanted[at]!));
}

describe.skipIf(!ort).each(FILES)('%s.onnx', (name, dims, step) => {
  const bytes = bytesOf(name);
  const { definition, report } = onnx.read([{ name: `${name}.onnx`, bytes }], {});

  it('gives what ONNX Runtime gives', async () => {
    expect(report.unused).toEqual([]);
    const wanted = await runOnnx(bytes, dims);
    expect(new Set(wanted).size).toBeGreaterThan(20);
    expect(Math.max(...differences(run(inFloat32(definition)), wanted))).toBeLessThan(TOLERANCE);
  });

  it('gives the same integers with its int8 weights, or now and then the next one', async () => {
    const away = differences(run(definition), await runOnnx(bytes, dims));
    expect(Math.max(...away)).toBeLessThan((MOST_STEPS + 0.5) * step);
    expect(away.filter((value) => value > step / 2).length / away.length).toBeLessThan(CHANGED);
  });

  it('is written as it was read', async () => {
    const again = toOnnx(inFloat32(definition));
    const wanted = await runOnnx(bytes, dims);
    const found = await runOnnx(again, [TIMESTEPS, 1, INPUTS]);
    expect(Math.max(...differences(found, wanted))).toBeLessThan(TOLERANCE);
  });
});
