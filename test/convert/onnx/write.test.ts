/** Models of ours as ONNX files: ONNX Runtime gives what a session gives. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import { toOnnx } from '../../../src/convert/onnx/write.ts';
import { RivuletError } from '../../../src/errors.ts';
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { NODE_KINDS } from '../../../src/graph/nodes/table.ts';
import { quantize } from '../../../src/quantize/quantize.ts';
import { Model } from '../../../src/session/model.ts';
import { VARIANTS } from '../../contract/table.ts';
import { Random } from '../../reference/random.ts';
import { testRuntime } from '../../runtime.ts';
import { ort } from '../oracle.ts';

const TIMESTEPS = 6;
const BATCH = 2;
/** Of outputs of about 1. */
const TOLERANCE = 1e-5;
const runtime = testRuntime();

/** Why a type of node, or some of its variants, cannot be written. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  mingru: /no operator of this cell/,
  minlstm: /no operator of this cell/,
  attention: /encoder/,
  'time-pooling': /no pooling over the timesteps/,
  lstm: /projection|layer norm|cellClip|clip in a cell|encoder|another activation/,
  rnn: /clip in a cell|encoder|node "norm/,
  gru: /clip in a cell|encoder/,
  convolution: /several vectors a timestep/,
  quantize: /integers from/,
  state: /direction|initial value|convolution/,
};

function written(definition: ModelDefinition, type: string): Uint8Array | undefined {
  try {
    return toOnnx(definition);
  } catch (error) {
    if (!(error instanceof RivuletError) || error.code !== 'not-supported') throw error;
    expect(error.message).toMatch(REFUSED[type] ?? /nothing/);
    return undefined;
  }
}

/** What ONNX Runtime gives: in one call, or timestep by timestep with the states that the file has. */
async function runOnnx(bytes: Uint8Array, data: Float32Array | Uint32Array, size: number, batch: number) {
  const session = await ort!.InferenceSession.create(bytes);
  const [input, ...states] = session.inputNames;
  const [output] = session.outputNames.filter((name) => !/^state\..*\.next$/.test(name));
  const isTokens = data instanceof Uint32Array;
  const tensor = (values: Float32Array | Uint32Array, timesteps: number) =>
    isTokens
      ? new ort!.Tensor('int64', BigInt64Array.from(values, BigInt), [timesteps, batch])
      : new ort!.Tensor('float32', Float32Array.from(values), [timesteps, batch, size]);
  if (states.length === 0) {
    const outputs = await session.run({ [input!]: tensor(data, data.length / size / batch) });
    return outputs[output!]!.data;
  }
  const first = session.inputNames.indexOf(input!);
  const dims = (session as unknown as { inputMetadata: { shape: number[] }[] }).inputMetadata.filter(
    (_, i) => i !== first,
  );
  let present = Object.fromEntries(
    states.map((name, i) => [
      name,
      new ort!.Tensor('float32', new Float32Array(dims[i]!.shape[2]!), dims[i]!.shape),
    ]),
  );
  const y: number[] = [];
  for (let at = 0; at < data.length; at += size) {
    const outputs = await session.run({ [input!]: tensor(data.slice(at, at + size), 1), ...present });
    y.push(...outputs[output!]!.data);
    present = Object.fromEntries(states.map((name) => [name, outputs[`${name}.next`]!]));
  }
  return Float32Array.from(y);
}

function largestDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(found.length).toBe(wanted.length);
  return Array.from(found).reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
}

describe.skipIf(!ort)('a written model', () => {
  it.each(Object.keys(NODE_KINDS))('of %s gives the same outputs in ONNX Runtime', async (type) => {
    let count = 0;
    for (const { name, definition } of VARIANTS[type as keyof typeof VARIANTS]) {
      const bytes = written(definition, type);
      if (!bytes) continue;
      count++;
      const [input] = definition.graph.inputs;
      const batch = definition.graph.nodes.some((node) => node.type === 'state') ? 1 : BATCH;
      const random = new Random(4);
      const size = input!.kind === 'tokens' ? 1 : input!.size;
      const length = TIMESTEPS * batch * size;
      const data =
        input!.kind === 'tokens'
          ? Uint32Array.from({ length }, (_, i) => (7 * i) % input!.size)
          : random.uniforms(length, -1, 1);
      using model = new Model(runtime, definition);
      const wanted = model.createSession({ batchSize: batch }).run(data);
      const found = await runOnnx(bytes, data, size, batch);
      const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      expect(largestDifference(found, wanted) / scale, name).toBeLessThan(TOLERANCE);
    }
    const isRefused = ['mingru', 'minlstm', 'attention', 'time-pooling'].includes(type);
    expect(count > 0).toBe(!isRefused);
  });

  it('of int8 weights is refused', () => {
    const { definition } = quantize(VARIANTS.dense[0]!.definition, { weights: 'int8' });
    expect(() => toOnnx(definition)).toThrow(/is I8; a model is written before it is quantized/);
  });
});

describe.skipIf(!ort)('ONNX to Rivulet and back', () => {
  const folder = new URL('recurrent/', import.meta.url);
  const { x, expected } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));
  const files = readdirSync(folder).filter((file) => /\.onnx$/.test(file) && !/states|step/.test(file));

  it.each(files)('%s gives the same outputs', async (name) => {
    const { definition } = onnx.read(
      [{ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }],
      {},
    );
    const [output] = definition.graph.outputs;
    const one = { ...definition, graph: { ...definition.graph, outputs: [output!] } };
    const found = await runOnnx(toOnnx(one), Float32Array.from(x), 3, 1);
    expect(largestDifference(found, expected[name.slice(0, -5)].y)).toBeLessThan(TOLERANCE);
  });

  const SHARED = process.env.RIVULET_SHARED;
  const models = [
    ['models/dtln/model_1.onnx', { input_3: 'tf_op_layer_stack_2' }],
    ['models/dtln/model_2.onnx', { input_5: 'tf_op_layer_stack_5' }],
    ['models/silero-vad/silero_vad_openvino_16k.onnx', {}],
  ] as const;

  it.each(models)('%s, and from there again', async (path, state) => {
    if (SHARED === undefined || !existsSync(`${SHARED}/${path}`)) return;
    const { definition } = onnx.read(
      [{ name: path, bytes: new Uint8Array(readFileSync(`${SHARED}/${path}`)) }],
      { state },
    );
    const bytes = toOnnx(definition, { timestep: true });
    const { size } = definition.graph.inputs[0]!;
    const data = new Random(6).uniforms(30 * size, -0.3, 0.3);
    const run = (again: ModelDefinition) => {
      using model = new Model(runtime, again);
      return model.createSession().run(data);
    };
    const wanted = run(definition);
    expect(largestDifference(await runOnnx(bytes, data, size, 1), wanted)).toBeLessThan(1e-4);
    const again = onnx.read([{ name: path, bytes }], {});
    expect(largestDifference(run(again.definition), wanted)).toBeLessThan(1e-4);
  });
});
