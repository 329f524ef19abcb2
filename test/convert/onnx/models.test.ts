/** Real models through a session, timestep by timestep, against ONNX Runtime; skipped by name without them. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { inferShapes } from '../../../src/graph/validate.ts';
import { quantize } from '../../../src/quantize/quantize.ts';
import { Model } from '../../../src/session/model.ts';
import { Random } from '../../reference/random.ts';
import { testRuntime } from '../../runtime.ts';
import { ort } from '../oracle.ts';

const TIMESTEPS = 120;
const TOLERANCE = 1e-4;
const SHARED = process.env.RIVULET_SHARED;
const runtime = testRuntime();

interface Case {
  readonly path: string;
  readonly input: { readonly name: string; readonly dims: readonly number[]; readonly bound: number };
  readonly output: string;
  readonly state: { readonly input: string; readonly output: string; readonly dims: readonly number[] };
  /** Whether the names tell the pair of states. */
  readonly named?: true;
}

const CASES: readonly Case[] = [
  {
    path: 'models/dtln/model_1.onnx',
    input: { name: 'input_2', dims: [1, 1, 257], bound: 1 },
    output: 'activation_2',
    state: { input: 'input_3', output: 'tf_op_layer_stack_2', dims: [1, 2, 128, 2] },
  },
  {
    path: 'models/dtln/model_2.onnx',
    input: { name: 'input_4', dims: [1, 1, 512], bound: 0.5 },
    output: 'conv1d_3',
    state: { input: 'input_5', output: 'tf_op_layer_stack_5', dims: [1, 2, 128, 2] },
  },
  {
    path: 'models/silero-vad/silero_vad_openvino_16k.onnx',
    input: { name: 'input', dims: [1, 576], bound: 0.3 },
    output: 'output',
    state: { input: 'state', output: 'stateN', dims: [2, 1, 128] },
    named: true,
  },
];

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

describe.each(CASES.map((each) => [each.path, each] as const))('%s', (path, model) => {
  const file = `${SHARED}/${path}`;
  const isThere = SHARED !== undefined && existsSync(file);

  it.skipIf(!isThere || !ort)(`is what ONNX Runtime makes of it over ${TIMESTEPS} timesteps`, async () => {
    const bytes = new Uint8Array(readFileSync(file));
    const { input, state } = model;
    const options = model.named ? {} : { state: { [state.input]: state.output } };
    const { definition, report } = onnx.read([{ name: path, bytes }], options);
    expect(report.unused).toEqual([]);
    inferShapes(definition);
    const random = new Random(9);
    const inputs = Array.from({ length: TIMESTEPS }, () =>
      random.uniforms(sizeOf(input.dims), -input.bound, input.bound),
    );
    const before = random.uniforms(sizeOf(state.dims), -0.5, 0.5);
    const wanted = await runtimeOutputs(bytes, model, inputs, before);
    const begin = beginnings(report.notes, before);
    const difference = differences(run(definition, begin, inputs), wanted);
    const int8 = quantize(definition, { weights: 'int8' }).definition;
    const rounded = differences(run(int8, begin, inputs), wanted);
    const most = wanted.reduce((most, y) => y.reduce((m, value) => Math.max(m, Math.abs(value)), most), 0);
    console.log(
      `${path}: float32 ${difference.most.toExponential(1)}, int8 ${rounded.most.toExponential(1)} at most and ` +
        `${rounded.mean.toExponential(1)} on average, of outputs up to ${most.toFixed(2)}`,
    );
    expect(difference.most).toBeLessThan(TOLERANCE);
    expect(rounded.mean).toBeLessThan(0.02 * most);
  });
});

async function runtimeOutputs(
  bytes: Uint8Array,
  { input, state, output }: Case,
  inputs: readonly Float32Array[],
  before: Float32Array,
): Promise<Float32Array[]> {
  const session = await ort!.InferenceSession.create(bytes);
  let present = new ort!.Tensor('float32', before, state.dims);
  const all: Float32Array[] = [];
  for (const x of inputs) {
    const outputs = await session.run({
      [input.name]: new ort!.Tensor('float32', x, input.dims),
      [state.input]: present,
    });
    all.push(outputs[output]!.data);
    present = new ort!.Tensor('float32', outputs[state.output]!.data, state.dims);
  }
  return all;
}

/** What the states of a session begin with, as the report says: `state lstm.h: input_3 0 … 254 in steps of 2`. */
function beginnings(notes: readonly string[], before: Float32Array): ReadonlyMap<string, Float32Array> {
  const states = new Map<string, Float32Array>();
  for (const note of notes) {
    const match = /^state (.*): \S+ (\d+) … (\d+)(?: in steps of (\d+))?$/.exec(note);
    if (!match) continue;
    const [first, last, step] = [Number(match[2]), Number(match[3]), Number(match[4] ?? 1)];
    const size = (last - first) / step + 1;
    states.set(
      match[1]!,
      Float32Array.from({ length: size }, (_, i) => before[first + i * step]!),
    );
  }
  return states;
}

function run(
  definition: ModelDefinition,
  begin: ReadonlyMap<string, Float32Array>,
  inputs: readonly Float32Array[],
): Float32Array[] {
  using model = new Model(runtime, definition);
  const session = model.createSession();
  for (const { name } of model.states) session.setState(name, begin.get(name)!);
  return inputs.map((x) => session.step(x));
}

function differences(
  found: readonly Float32Array[],
  wanted: readonly Float32Array[],
): { readonly most: number; readonly mean: number } {
  const all = wanted.flatMap((y, t) => Array.from(y, (value, i) => Math.abs(value - found[t]![i]!)));
  return { most: Math.max(...all), mean: all.reduce((sum, each) => sum + each, 0) / all.length };
}
