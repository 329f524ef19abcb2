/** Silero VAD on speech: 512 samples of 16 kHz a timestep, behind the last 64 of those before. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { quantize } from '../../../src/quantize/quantize.ts';
import { Model } from '../../../src/session/model.ts';
import { readWav } from '../../../tools/denoise/wav.ts';
import { testRuntime } from '../../runtime.ts';
import { ort } from '../oracle.ts';

const FOLDER = `${process.env.RIVULET_SHARED}/models/silero-vad`;
const FILE = `${FOLDER}/silero_vad_openvino_16k.onnx`;
const [CHUNK, CONTEXT] = [512, 64];
/** About 19 seconds. */
const TIMESTEPS = 600;
const runtime = testRuntime();

it.skipIf(!existsSync(FILE) || !ort)(
  'Silero VAD tells speech from silence as in ONNX Runtime',
  async () => {
    const bytes = new Uint8Array(readFileSync(FILE));
    const { samples } = readWav(readFileSync(`${FOLDER}/test.wav`));
    const chunks = Array.from({ length: TIMESTEPS }, (_, t) => {
      const chunk = new Float32Array(CONTEXT + CHUNK);
      const from = t * CHUNK - CONTEXT;
      chunk.set(samples.subarray(Math.max(0, from), from + chunk.length), Math.max(0, -from));
      return chunk;
    });
    const { definition } = onnx.read([{ name: FILE, bytes }], {});
    const wanted = await probabilitiesOf(bytes, chunks);
    const float = run(definition, chunks);
    const int8 = run(quantize(definition, { weights: 'int8' }).definition, chunks);
    const difference = (found: readonly number[]) =>
      found.reduce((most, value, t) => Math.max(most, Math.abs(value - wanted[t]!)), 0);
    const spoken = wanted.filter((probability) => probability > 0.5).length;
    console.log(
      `Silero VAD: speech in ${spoken} of ${TIMESTEPS} timesteps; ` +
        `float32 ${difference(float).toExponential(1)}, int8 ${difference(int8).toExponential(1)}`,
    );
    expect(spoken).toBeGreaterThan(TIMESTEPS / 4);
    expect(difference(float)).toBeLessThan(1e-4);
    expect(difference(int8)).toBeLessThan(0.25);
  },
  30_000,
);

function run(definition: ModelDefinition, chunks: readonly Float32Array[]): number[] {
  using model = new Model(runtime, definition);
  const session = model.createSession();
  return chunks.map((chunk) => session.step(chunk)[0]!);
}

async function probabilitiesOf(bytes: Uint8Array, chunks: readonly Float32Array[]): Promise<number[]> {
  const session = await ort!.InferenceSession.create(bytes);
  let state = new ort!.Tensor('float32', new Float32Array(256), [2, 1, 128]);
  const probabilities: number[] = [];
  for (const chunk of chunks) {
    const input = new ort!.Tensor('float32', chunk, [1, chunk.length]);
    const outputs = await session.run({ input, state });
    probabilities.push(outputs.output!.data[0]!);
    state = new ort!.Tensor('float32', outputs.stateN!.data, [2, 1, 128]);
  }
  return probabilities;
}
