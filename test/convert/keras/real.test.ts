import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/index.ts';
import { type Hdf5Array, openHdf5 } from '../../../src/convert/keras/hdf5.ts';
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { Random } from '../../reference/random.ts';
import { ort } from '../oracle.ts';
import { load } from '../run.ts';
import { readShared, sharedPath } from '../shared.ts';
import { DTLN_STAGES } from './dtln.ts';
import { type DenseArrays, dense, type GruArrays, gruStep, type Matrix, relu, sigmoid } from './reference.ts';

/** Over at least a hundred timesteps, of float32 against the source framework or float64. */
const TOLERANCE = 1e-4;
const TIMESTEPS = 120;

const tfjs = new URL('../../../tools/bench/tfjs/', import.meta.url);
const hasTfjs = existsSync(new URL('node_modules/@tensorflow/tfjs', tfjs));

function file(name: string) {
  return { name: name.slice(name.lastIndexOf('/') + 1), bytes: readShared(name) };
}

/** States, by their names, of `random` values between -.5 and .5. */
function randomStates(definition: ModelDefinition, random: Random): ReadonlyMap<string, Float32Array> {
  const states = new Map<string, Float32Array>();
  for (const { name, type, ...node } of definition.graph.nodes) {
    if (type !== 'lstm' && type !== 'gru') continue;
    const { weight_hh } = (node as { readonly tensors: { readonly weight_hh: string } }).tensors;
    const hidden = definition.tensors.get(weight_hh)!.shape[1]!;
    for (const state of type === 'lstm' ? ['h', 'c'] : ['h'])
      states.set(`${name}.${state}`, random.uniforms(hidden, -0.5, 0.5));
  }
  return states;
}

/** Every timestep of every output, one after the other. */
async function outputsOf(
  definition: ModelDefinition,
  weights: 'float32' | 'int8',
  states: ReadonlyMap<string, Float32Array>,
  input: Float32Array,
): Promise<ReadonlyMap<string, number[]>> {
  const model = await load(definition, weights);
  const session = model.createSession();
  for (const [name, values] of states) session.setState(name, values);
  const found = new Map(model.outputs.map(({ name }) => [name, [] as number[]]));
  const [{ name: inputName, size }] = model.inputs as unknown as [{ name: string; size: number }];
  const rows = Object.fromEntries(
    model.outputs.map(({ name, size: width }) => [name, new Float32Array(width)]),
  );
  for (let t = 0; t < input.length / size; t++) {
    session.stepNamed({ [inputName]: input.subarray(t * size, (t + 1) * size) }, rows);
    for (const [name, row] of Object.entries(rows)) found.get(name)!.push(...row);
  }
  return found;
}

function worst(found: ReadonlyMap<string, number[]>, expected: ReadonlyMap<string, number[]>): number {
  let largest = 0;
  for (const [name, values] of expected) {
    const ours = found.get(name)!;
    expect(ours.length).toBe(values.length);
    values.forEach((value, i) => {
      const difference = Math.abs(value - ours[i]!);
      if (!(difference <= largest)) largest = difference;
    });
  }
  return largest;
}

/** Checks float32, and that int8 is near; prints both. */
async function checkBoth(
  name: string,
  definition: ModelDefinition,
  states: ReadonlyMap<string, Float32Array>,
  input: Float32Array,
  expected: ReadonlyMap<string, number[]>,
  int8Tolerance = 0.1,
): Promise<void> {
  const float32 = worst(await outputsOf(definition, 'float32', states, input), expected);
  const int8 = worst(await outputsOf(definition, 'int8', states, input), expected);
  console.log(`${name}: float32 within ${float32.toExponential(1)}, int8 within ${int8.toExponential(1)}`);
  expect(float32).toBeLessThanOrEqual(TOLERANCE);
  expect(int8).toBeLessThanOrEqual(int8Tolerance);
}

describe('tfjs-nietzsche', () => {
  const folder = 'models/tfjs-nietzsche';
  const names = ['model.json', 'group1-shard1of1', 'group2-shard1of1'].map((name) => `${folder}/${name}`);

  // Random characters: with noise between them the model, whose weights reach 10, is chaotic, and any two ways to
  // compute it part.
  const input = new Float32Array(TIMESTEPS * 57);
  const random = new Random(3);
  for (let t = 0; t < TIMESTEPS; t++) input[t * 57 + random.integer(0, 57)] = 1;

  it.skipIf(!sharedPath(names[0]!) || !hasTfjs).each(['zero', 'random'])(
    'as @tensorflow/tfjs runs it, from a state that is %s',
    async (kind) => {
      const { definition } = await convert(names.map(file));
      const states = kind === 'zero' ? new Map() : randomStates(definition, random);
      const expected = new Map([['activation_2', await runTfjs(names, input, states)]]);
      // Of probabilities: rows whose largest weights are 10 round by .04.
      await checkBoth(`tfjs-nietzsche, ${kind} state`, definition, states, input, expected, 0.3);
    },
  );
});

interface Tfjs {
  readonly io: { fromMemory(artifacts: object): object };
  readonly layers: Readonly<Record<string, (options: object) => Layer>>;
  readonly initializers: object;
  loadLayersModel(source: object): Promise<{ readonly layers: readonly Layer[] }>;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
}

interface Tensor {
  dataSync(): Float32Array;
}

interface Layer {
  readonly cell: { call(inputs: readonly Tensor[], options: object): readonly Tensor[] };
  apply(input: Tensor): Tensor;
}

/** TF.js's LSTM cell, step by step from a state, and its layers behind it: what the model gives after every timestep. */
async function runTfjs(
  names: readonly string[],
  input: Float32Array,
  states: ReadonlyMap<string, Float32Array>,
): Promise<number[]> {
  const tf: Tfjs = createRequire(new URL('package.json', tfjs))('@tensorflow/tfjs');
  const json = JSON.parse(new TextDecoder().decode(readShared(names[0]!)));
  const shards = names.slice(1).map(readShared);
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap(({ weights }: { weights: object[] }) => weights),
      weightData: new Uint8Array(Buffer.concat(shards)).buffer,
    }),
  );
  const [lstm, head, activation] = model.layers as [Layer, Layer, Layer];
  const state = (name: string) => tf.tensor(states.get(`lstm_2.${name}`) ?? new Float32Array(128), [1, 128]);
  let [h, c] = [state('h'), state('c')];
  const outputs: number[] = [];
  for (let t = 0; t < TIMESTEPS; t++) {
    const x = tf.tensor(input.slice(t * 57, (t + 1) * 57), [1, 57]);
    const [, nextH, nextC] = lstm.cell.call([x, h, c], {});
    [h, c] = [nextH!, nextC!];
    outputs.push(...activation.apply(head.apply(h)).dataSync());
  }
  return outputs;
}

describe('rnnoise, beguiling-drafter', () => {
  const hdf5 = 'models/rnnoise/beguiling-drafter.hdf5';
  const text = 'models/rnnoise/beguiling-drafter.rnnn';
  const input = new Random(5).gaussians(TIMESTEPS * 42, 0, 1.5);

  it.skipIf(!sharedPath(hdf5))('float32 weights of Keras', async () => {
    const { definition } = await convert(file(hdf5));
    const states = randomStates(definition, new Random(6));
    const root = openHdf5(readShared(hdf5));
    const read = (path: string): Matrix => {
      const array = root.find(`model_weights/${path}:0`) as Hdf5Array;
      const [rows, columns] = array.shape.length === 2 ? array.shape : [1, array.shape[0]];
      return { rows: rows!, columns: columns!, data: array.read() };
    };
    const expected = runRnnoise((layer, role) => read(`${layer}/${layer}/${role}`), states, input);
    await checkBoth('rnnoise hdf5', definition, states, input, expected);
  });

  it.skipIf(!sharedPath(text))('int8 weights in text', async () => {
    const { definition } = await convert(file(text));
    const states = randomStates(definition, new Random(7));
    const matrices = readRnnn(new TextDecoder().decode(readShared(text)));
    const expected = runRnnoise((layer, role) => matrices.get(`${layer}/${role}`)!, states, input);
    await checkBoth('rnnoise rnnn', definition, states, input, expected);
  });

  it.skipIf(!sharedPath(text) || !sharedPath(hdf5))(
    'both are the same model, but for their rounding',
    async () => {
      const [a, b] = await Promise.all([convert(file(hdf5)), convert(file(text))]);
      let largest = 0;
      for (const [name, { data }] of a.definition.tensors) {
        const other = b.definition.tensors.get(name)!.data;
        data.forEach((value, i) => {
          largest = Math.max(largest, Math.abs(value - other[i]!));
        });
      }
      console.log(`rnnoise: weights of the text within ${largest.toExponential(1)} of those of Keras`);
      expect(largest).toBeLessThanOrEqual(1 / 256);
    },
  );
});

type ReadMatrix = (layer: string, role: string) => Matrix;

function runRnnoise(
  read: ReadMatrix,
  states: ReadonlyMap<string, Float32Array>,
  input: Float32Array,
): ReadonlyMap<string, number[]> {
  const denseArrays = (layer: string): DenseArrays => ({
    kernel: read(layer, 'kernel'),
    bias: read(layer, 'bias').data,
  });
  const gruArrays = (layer: string): GruArrays => ({
    ...denseArrays(layer),
    recurrent: read(layer, 'recurrent_kernel'),
  });
  const [first, gains, voice] = ['input_dense', 'denoise_output', 'vad_output'].map(denseArrays);
  const [vad, noise, denoise] = ['vad_gru', 'noise_gru', 'denoise_gru'].map(gruArrays);
  let [v, n, d] = ['vad_gru', 'noise_gru', 'denoise_gru'].map((name) => [...states.get(`${name}.h`)!]);
  const result = new Map<string, number[]>([
    ['denoise_output', []],
    ['vad_output', []],
  ]);
  for (let t = 0; t < TIMESTEPS; t++) {
    const x = [...input.subarray(t * 42, (t + 1) * 42)];
    const a = dense(x, first!, Math.tanh);
    v = gruStep(a, v!, vad!, Math.tanh);
    n = gruStep([...a, ...v, ...x], n!, noise!, relu);
    d = gruStep([...v, ...n, ...x], d!, denoise!, Math.tanh);
    result.get('denoise_output')!.push(...dense(d, gains!, sigmoid));
    result.get('vad_output')!.push(...dense(v, voice!, sigmoid));
  }
  return result;
}

/** The text read without our importer. */
function readRnnn(text: string): ReadonlyMap<string, Matrix> {
  const numbers = text.slice(text.indexOf('\n')).trim().split(/\s+/).map(Number);
  const result = new Map<string, Matrix>();
  let at = 0;
  for (const layer of [
    'input_dense',
    'vad_gru',
    'noise_gru',
    'denoise_gru',
    'denoise_output',
    'vad_output',
  ]) {
    const [inputs, units] = [numbers[at]!, numbers[at + 1]!];
    at += 3;
    const columns = layer.endsWith('gru') ? 3 * units : units;
    const take = (role: string, rows: number) => {
      const data = numbers.slice(at, at + rows * columns).map((value) => value / 256);
      result.set(`${layer}/${role}`, { rows, columns, data });
      at += rows * columns;
    };
    take('kernel', inputs);
    if (layer.endsWith('gru')) take('recurrent_kernel', units);
    take('bias', 1);
  }
  expect(at).toBe(numbers.length);
  return result;
}

describe('dtln, weights of Keras', () => {
  const path = 'models/dtln/model.h5';

  it.skipIf(!sharedPath(path))('without a model: refused, with the names of its layers', async () => {
    await expect(convert(file(path))).rejects.toThrow(/model_config; give the JSON.*"lstm_3"/s);
  });

  it.skipIf(!sharedPath(path))('with one: weights that it does not use are named', async () => {
    const [stage] = DTLN_STAGES;
    await expect(convert(file(path), { config: JSON.stringify(stage!.config) })).rejects.toThrow(
      /nothing uses the weights.*allowUnused/s,
    );
  });

  it.skipIf(!sharedPath(path) || !ort).each(DTLN_STAGES)(
    '$onnx, as ONNX Runtime runs it',
    async ({ config, onnx, lstms, ports, size }) => {
      const { definition, report } = await convert(file(path), {
        config: JSON.stringify(config),
        allowUnused: true,
      });
      expect(report.unused.length).toBeGreaterThan(0);
      const states = randomStates(definition, new Random(9));
      const input = new Random(10).uniforms(TIMESTEPS * size, 0, 1);
      const { Tensor, InferenceSession } = ort!;
      const session = await InferenceSession.create(readShared(`models/dtln/${onnx}`));
      // [layer, unit, h or c]
      let state = new Float32Array(512);
      lstms.forEach((name, layer) => {
        ['h', 'c'].forEach((part, k) => {
          states.get(`${name}.${part}`)!.forEach((value, i) => {
            state[(layer * 128 + i) * 2 + k] = value;
          });
        });
      });
      const expected: number[] = [];
      for (let t = 0; t < TIMESTEPS; t++) {
        const x = input.slice(t * size, (t + 1) * size);
        const found = await session.run({
          [ports.input]: new Tensor('float32', x, [1, 1, size]),
          [ports.state]: new Tensor('float32', state, [1, 2, 128, 2]),
        });
        expected.push(...found[ports.output]!.data);
        state = found[ports.nextState]!.data as Float32Array<ArrayBuffer>;
      }
      const [{ name }] = definition.graph.outputs as unknown as [{ name: string }];
      await checkBoth(`dtln ${onnx}`, definition, states, input, new Map([[name, expected]]));
    },
  );
});
