import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/convert/index.ts';
import { readModel, type TfliteModel, type TfliteOperator } from '../../src/convert/tflite/schema.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Random } from '../reference/random.ts';
import { dot, type Lstm64, type LstmState, largestDifference, lstmStep, matrix } from './lstm-f64.ts';
import { refusedFile } from './refused.ts';
import { load } from './run.ts';
import { readShared, sharedPath } from './shared.ts';

const fixture = (name: string) => readFileSync(new URL(`./fixtures/tflite/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

async function run(definition: ModelDefinition, inputs: Float32Array): Promise<Float32Array> {
  return (await load(definition)).createSession().run(inputs);
}

describe('TensorFlow Lite', () => {
  const cases = json('cases.json') as Record<string, { inputs: number[]; outputs: number[] }>;
  it.each(Object.keys(cases))('%s as LiteRT computes it', async (name) => {
    const { definition, report } = await convert(fixture(`${name}.tflite`));
    const { inputs, outputs } = cases[name]!;
    const result = await run(definition, Float32Array.from(inputs));
    // A hybrid cell rounds what it multiplies by to int8 at every timestep; we do not.
    const within = name === 'hybrid' ? 0.05 : 1e-5;
    expect(largestDifference(result.subarray(-outputs.length), outputs)).toBeLessThan(within);
    expect(report.parametersUsed).toBe(report.parametersFound);
    expect(report.nodes).toHaveLength(2);
  });

  it('int8 weights stay those of the file, with their scales as scales of rows', async () => {
    const { definition } = await convert(fixture('hybrid.tflite'));
    const weights = definition.tensors.get('lstm.weight_hh')!;
    expect([weights.dtype, weights.shape]).toEqual(['I8', [20, 5]]);
    const scales = definition.tensors.get('lstm.weight_hh.scale')!.data;
    expect(new Set(scales.slice(0, 5)).size).toBe(1);
    expect(new Set(scales).size).toBe(4);
  });

  it.each([
    [
      'layer-norm',
      /^unsupported-operator: tflite: operator 0 UNIDIRECTIONAL_SEQUENCE_LSTM: layer_norm_coefficients/,
    ],
    ['projection-clip', /^unsupported-operator: .*: proj_clip 0.5 is not supported; 0, /],
    ['projection-bias', /^unsupported-operator: .*: a projection_bias is not supported/],
    [
      'batch',
      /^unsupported-operator: .*: its input has the shape \[2,40,3\]; expected \[1, timesteps, values\]/,
    ],
  ])('refuses %s', async (name, message) => {
    expect(await refusedFile(fixture(`${name}.tflite`))).toMatch(message);
  });

  it('refuses what it does not know by its name, and damaged files', async () => {
    const bytes = new Uint8Array(fixture('plain.tflite'));
    // The codes of both operators: FULLY_CONNECTED becomes ADD.
    const changed = bytes.slice();
    replaceOperator(changed, 9, 0);
    expect(await refusedFile(changed)).toMatch(
      /^unsupported-operator: tflite: operator 1 ADD: .*FULLY_CONNECTED.*are$/,
    );
    for (const length of [8, 100, bytes.length >> 1, bytes.length - 200])
      expect(await refusedFile(bytes.slice(0, length))).toMatch(/^(invalid-file|wrong-shape): /);
    const root = bytes.slice();
    root.set([255, 255, 255, 127]);
    expect(await refusedFile(root)).toMatch(/^invalid-file: tflite: a table at 2147483647/);
  });
});

/** Both places that hold the number of an operator: a byte of old files, and an int32. */
function replaceOperator(bytes: Uint8Array, from: number, to: number): void {
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const isCode = view.getInt32(at, true) === from && at > bytes.length - 400;
    if (isCode) view.setInt32(at, to, true);
    else if (bytes[at] === from && at > bytes.length - 400) bytes[at] = to;
  }
}

const mnist = json('mnist.json') as Record<'images' | 'mnist_lstm' | 'mnist_lstm_int8', number[][]>;

describe.each(['mnist_lstm', 'mnist_lstm_int8'] as const)('%s', (name) => {
  const path = `models/tflm/${name}.tflite`;

  it.skipIf(!sharedPath(path))('as LiteRT computes it', async () => {
    const { definition, report } = await convert(readShared(path));
    expect(report.parametersUsed).toBe(report.parametersFound);
    const differences = await Promise.all(
      mnist.images.map(async (image, n) => {
        const outputs = await run(
          definition,
          Float32Array.from(image, (value) => value / 255),
        );
        return largestDifference(outputs.subarray(-10), mnist[name][n]!);
      }),
    );
    console.log(`${name}: probabilities within ${Math.max(...differences).toExponential(1)} of LiteRT's`);
    // A full-integer cell has h in int8 and gates in int16, the softmax steps of 1/256.
    expect(Math.max(...differences)).toBeLessThan(name === 'mnist_lstm' ? 1e-5 : 0.05);
  });

  it.skipIf(!sharedPath(path))('120 timesteps from a state that is not zero, against float64', async () => {
    const bytes = readShared(path);
    const { definition } = await convert(bytes);
    const random = new Random(11);
    const inputs = random.uniforms(120 * 28);
    const [h, c] = [random.uniforms(20, -1, 1), random.uniforms(20, -1, 1)];
    const expected = reference(readModel(bytes), inputs, { h: [...h], c: [...c] });
    const runs = name === 'mnist_lstm' ? (['float32', 'int8'] as const) : (['float32'] as const);
    for (const weights of runs) {
      const session = (await load(definition, weights)).createSession();
      session.setState('lstm.h', h);
      session.setState('lstm.c', c);
      const difference = largestDifference(session.run(inputs), expected);
      const how = name === 'mnist_lstm' ? weights : 'its own int8';
      console.log(`${name}, ${how}: within ${difference.toExponential(1)} of float64`);
      expect(difference).toBeLessThan(weights === 'float32' && name === 'mnist_lstm' ? 1e-4 : 0.03);
    }
  });
});

/** The model of the file in float64: LSTM, then a dense layer over the last 28 timesteps, and softmax. */
function reference(model: TfliteModel, inputs: Float32Array, state: LstmState): number[] {
  const [lstm, , dense] = model.operators as [TfliteOperator, TfliteOperator, TfliteOperator];
  const real = (index: number) => realValues(model, index);
  const gates = (first: number) => [0, 1, 2, 3].flatMap((n) => real(lstm.inputs[first + n]!));
  const cell: Lstm64 = { w: matrix(gates(1), 28), u: matrix(gates(5), 20), b: gates(12), cellClip: 10 };
  const rows = matrix(real(dense.inputs[1]!), 560);
  const bias = real(dense.inputs[2]!);
  let seen: readonly number[] = new Array(560).fill(0);
  return matrix([...inputs], 28).flatMap((x) => {
    seen = [...seen.slice(20), ...lstmStep(cell, x, state)];
    const exponents = rows.map((row, n) => Math.exp(dot(row, seen) + bias[n]!));
    const sum = exponents.reduce((a, b) => a + b);
    return exponents.map((value) => value / sum);
  });
}

function realValues({ tensors }: TfliteModel, index: number): number[] {
  const { data, type, quantization } = tensors[index]!;
  const { buffer } = new Uint8Array(data!);
  if (type === 'FLOAT32') return [...new Float32Array(buffer)];
  const integers = type === 'INT8' ? [...new Int8Array(buffer)] : [...new Int32Array(buffer)];
  return integers.map((q) => q * quantization!.scales[0]!);
}
