import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/convert/index.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Random } from '../reference/random.ts';
import { largestDifference } from './lstm-f64.ts';
import { constantsOf } from './onnx-constants.ts';
import { ort } from './oracle.ts';
import { load } from './run.ts';
import { readShared, sharedPath } from './shared.ts';

const FOLDER = 'models/silero-vad';
/**
 * The ONNX file beside the safetensors is of another training: its architecture with the weights of the safetensors is
 * the oracle. Names here and there.
 */
const NAMES = {
  stft_conv: 'stft.forward_basis_buffer',
  conv1: 'encoder.0.reparam_conv',
  conv2: 'encoder.1.reparam_conv',
  conv3: 'encoder.2.reparam_conv',
  conv4: 'encoder.3.reparam_conv',
  lstm_cell: 'decoder.rnn',
  final_conv: 'decoder.decoder.2',
};

/** Samples of a timestep that are new, and those before them that it sees again. */
const [FRAME, CONTEXT] = [512, 64];

const config = readFileSync(new URL('./fixtures/silero-vad-16k.json', import.meta.url), 'utf8');

describe('Silero VAD, safetensors with a config', () => {
  it.skipIf(!sharedPath(FOLDER) || !ort)(
    'speech probabilities of test.wav as ONNX Runtime computes them, in streaming',
    async () => {
      const { definition } = await convert(readShared(`${FOLDER}/silero_vad_16k.safetensors`), { config });
      const frames = framesOf(samplesOf(readShared(`${FOLDER}/test.wav`)));
      const expected = await oracle(
        withWeights(readShared(`${FOLDER}/silero_vad_openvino_16k.onnx`), definition),
        frames,
      );
      const speech = expected.filter((probability) => probability > 0.5).length;
      console.log(`${frames.length} frames, ${speech} of them speech`);
      for (const weights of ['float32', 'int8'] as const) {
        const session = (await load(definition, weights)).createSession();
        const start = performance.now();
        const probabilities = frames.map((frame) => session.step(frame)[0]!);
        const time = (performance.now() - start) / frames.length;
        const difference = largestDifference(probabilities, expected);
        console.log(
          `${weights}: within ${difference.toExponential(1)}, ${(time * 1000).toFixed(0)} µs a frame of 32 ms`,
        );
        expect(difference).toBeLessThan(weights === 'float32' ? 1e-4 : 0.1);
      }
    },
    120_000,
  );

  it.skipIf(!sharedPath(FOLDER) || !ort)('120 frames of noise from a state that is not zero', async () => {
    const { definition } = await convert(readShared(`${FOLDER}/silero_vad_16k.safetensors`), { config });
    const random = new Random(3);
    const frames = Array.from({ length: 120 }, () => random.gaussians(CONTEXT + FRAME, 0, 0.1));
    const state = random.gaussians(256, 0, 0.5);
    const session = (await load(definition)).createSession();
    session.setState('lstm_cell.h', state.slice(0, 128));
    session.setState('lstm_cell.c', state.slice(128));
    const probabilities = session.run(Float32Array.from(frames.flatMap((frame) => [...frame])));
    const model = withWeights(readShared(`${FOLDER}/silero_vad_openvino_16k.onnx`), definition);
    expect(largestDifference(probabilities, await oracle(model, frames, state))).toBeLessThan(1e-4);
  });
});

/** The ONNX file, in which the numbers of each constant are those of the definition. */
function withWeights(onnx: Uint8Array, { tensors }: ModelDefinition): Uint8Array {
  const file = new Uint8Array(onnx);
  const constants = constantsOf(file);
  let replaced = 0;
  for (const [name, { data }] of tensors) {
    const module = name.slice(0, name.lastIndexOf('.'));
    const there = NAMES[module as keyof typeof NAMES];
    if (there === undefined) continue;
    const raw = constants.get(module === 'stft_conv' ? there : there + name.slice(module.length));
    expect(raw?.length, name).toBe(data.byteLength);
    raw!.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    replaced++;
  }
  expect(replaced).toBe(15);
  return file;
}

/** 16-bit PCM of one channel, in -1 … 1. */
function samplesOf(wav: Uint8Array): Float32Array {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.length);
  const tag = (at: number) => String.fromCharCode(...wav.subarray(at, at + 4));
  let at = 12;
  while (tag(at) !== 'data') at += 8 + view.getUint32(at + 4, true);
  const length = view.getUint32(at + 4, true) / 2;
  return Float32Array.from({ length }, (_, n) => view.getInt16(at + 8 + 2 * n, true) / 32768);
}

function framesOf(samples: Float32Array): Float32Array[] {
  const padded = new Float32Array(CONTEXT + samples.length);
  padded.set(samples, CONTEXT);
  return Array.from({ length: Math.floor(samples.length / FRAME) }, (_, n) =>
    padded.subarray(n * FRAME, (n + 1) * FRAME + CONTEXT),
  );
}

/** @param initial h and c, of 128 values each */
async function oracle(
  model: Uint8Array,
  frames: readonly Float32Array[],
  initial: Float32Array = new Float32Array(256),
): Promise<number[]> {
  const { Tensor, InferenceSession } = ort!;
  const session = await InferenceSession.create(model);
  let state: Float32Array = initial;
  const probabilities: number[] = [];
  for (const frame of frames) {
    const { output, stateN } = await session.run({
      input: new Tensor('float32', frame, [1, FRAME + CONTEXT]),
      state: new Tensor('float32', state, [2, 1, 128]),
    });
    probabilities.push(output!.data[0]!);
    state = Float32Array.from(stateN!.data);
  }
  return probabilities;
}
