import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/convert/index.ts';
import { RivuletError } from '../../src/errors.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Random } from '../reference/random.ts';
import { dot, type Lstm64, type LstmState, largestDifference, lstmStep, matrix } from './lstm-f64.ts';
import { load } from './run.ts';
import { readShared, sharedPath } from './shared.ts';

interface NamFile {
  version: string;
  architecture: string;
  config: { input_size: number; hidden_size: number; num_layers: number };
  weights: number[];
}

const text = (name: string) => readFileSync(new URL(`./fixtures/nam/${name}`, import.meta.url), 'utf8');
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function run(
  definition: ModelDefinition,
  samples: Float32Array,
  weights: 'float32' | 'int8' = 'float32',
): Promise<Float32Array> {
  const session = (await load(definition, weights)).createSession();
  const output = new Float32Array(samples.length);
  session.process(samples, output, samples.length);
  return output;
}

/** The model in float64, from the numbers of the file. */
function reference({ config, weights }: NamFile, samples: Float32Array): number[] {
  const { hidden_size: hidden, num_layers: layers } = config;
  let at = 0;
  const take = (count: number) => {
    at += count;
    return weights.slice(at - count, at).map(Math.fround);
  };
  const cells = Array.from({ length: layers }, (_, layer): Lstm64 & { state: LstmState } => {
    const inputs = layer === 0 ? 1 : hidden;
    const rows = matrix(take(4 * hidden * (inputs + hidden)), inputs + hidden);
    const [w, u] = [rows.map((row) => row.slice(0, inputs)), rows.map((row) => row.slice(inputs))];
    return { w, u, b: take(4 * hidden), state: { h: take(hidden), c: take(hidden) } };
  });
  const head = take(hidden);
  const [bias] = take(1);
  return Array.from(samples, (sample) => {
    const h = cells.reduce((x: readonly number[], cell) => lstmStep(cell, x, cell.state), [sample]);
    return dot(head, h) + bias!;
  });
}

describe('amp models', () => {
  it.each(['1x3', '2x5'])('%s as PyTorch computes it', async (name) => {
    const { definition, report } = await convert({
      name: `${name}.nam`,
      bytes: new TextEncoder().encode(text(`${name}.nam`)),
    });
    const { inputs, outputs } = JSON.parse(text(`${name}.json`));
    expect(largestDifference(await run(definition, Float32Array.from(inputs)), outputs)).toBeLessThan(1e-5);
    expect(report.format).toBe('nam');
    expect(report.parametersUsed).toBe(report.parametersFound);
    expect(JSON.parse(definition.metadata!.nam!)).toEqual({
      version: '0.5.1',
      sample_rate: 44100,
      metadata: { name, loudness: -20.5 },
    });
  });

  it.each<[string, (file: NamFile) => void, RegExp]>([
    [
      'WaveNet',
      (file) => {
        file.architecture = 'WaveNet';
      },
      /^unsupported-operator: .*architecture "WaveNet"/,
    ],
    [
      'another version',
      (file) => {
        file.version = '0.7.0';
      },
      /^unsupported-operator: .*version "0.7.0"/,
    ],
    [
      'a weight too many',
      (file) => {
        file.weights.push(1);
      },
      /^wrong-shape: weights: .* take 70 numbers, got 71/,
    ],
    [
      'a weight too few',
      (file) => {
        file.weights.pop();
      },
      /^wrong-shape: weights/,
    ],
    [
      'layers that the weights do not have',
      (file) => {
        file.config.num_layers = 2;
      },
      /^wrong-shape: weights/,
    ],
    [
      'no layers',
      (file) => {
        file.config.num_layers = 0;
      },
      /^invalid-file: .*"num_layers"/,
    ],
    [
      'two inputs',
      (file) => {
        file.config.input_size = 2;
      },
      /^invalid-file: .*"input_size"/,
    ],
    [
      'null',
      (file) => {
        (file.weights as unknown[])[7] = null;
      },
      /^non-finite-weight: weights\[7\].*null/,
    ],
    [
      'a number beyond float32',
      (file) => {
        file.weights[7] = 1e39;
      },
      /^non-finite-weight: weights\[7\]/,
    ],
    [
      'a field that means something',
      (file) => Object.assign(file, { layout: 1 }),
      /^invalid-file: .*"layout"/,
    ],
  ])('refused: %s', async (_name, change, message) => {
    const file = JSON.parse(text('1x3.nam')) as NamFile;
    change(file);
    const error = await convert({ name: '', bytes: encode(file) }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(RivuletError);
    const { code, message: said } = error as RivuletError;
    expect(`${code}: ${said}`).toMatch(message);
  });
});

describe.each(['BossLSTM-1x16', 'BossLSTM-2x8'])('%s', (name) => {
  const path = `models/nam/${name}.nam`;
  it.skipIf(!sharedPath(path))('in float32 and in int8, in streaming', async () => {
    const bytes = readShared(path);
    const { definition } = await convert({ name: path, bytes });
    const random = new Random(7);
    // A guitar string as it dies away, and noise.
    const samples = Float32Array.from(
      { length: 4800 },
      (_, n) => 0.5 * Math.exp(-n / 2000) * Math.sin(n / 20) + random.gaussian(0, 0.05),
    );
    const expected = reference(JSON.parse(new TextDecoder().decode(bytes)), samples);
    const float32 = largestDifference(await run(definition, samples), expected);
    const int8 = largestDifference(await run(definition, samples, 'int8'), expected);
    console.log(`${name}: float32 within ${float32.toExponential(1)}, int8 within ${int8.toExponential(1)}`);
    expect(float32).toBeLessThan(1e-4);
    expect(int8).toBeLessThan(0.1);
    expect(await realTimeFactor(definition)).toBeGreaterThan(1);
  });
});

/** Seconds of audio at 48 kHz that a second of one core processes, in blocks of 128 samples. */
async function realTimeFactor(definition: ModelDefinition): Promise<number> {
  const session = (await load(definition)).createSession();
  const input = new Random(1).gaussians(128, 0, 0.1);
  const output = new Float32Array(128);
  for (let block = 0; block < 100; block++) session.process(input, output, 128);
  const start = performance.now();
  for (let block = 0; block < 750; block++) session.process(input, output, 128);
  const factor = 2000 / (performance.now() - start);
  console.log(`${factor.toFixed(0)} times real time`);
  return factor;
}
