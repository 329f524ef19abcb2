/** DTLN from sound to sound: speech with noise in, less noise out. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { quantize } from '../../../src/quantize/quantize.ts';
import { Model } from '../../../src/session/model.ts';
import { DELAY, denoise, SAMPLE_RATE } from '../../../tools/denoise/dtln.ts';
import { addNoise, signalToNoise } from '../../../tools/denoise/noise.ts';
import { readWav, writeWav } from '../../../tools/denoise/wav.ts';
import { testRuntime } from '../../runtime.ts';

const SHARED = process.env.RIVULET_SHARED;
const MODELS = `${SHARED}/models/dtln`;
const SPEECH = `${SHARED}/models/silero-vad/test.wav`;
const SECONDS = 12;
const SNR = 5;
/** Decibels; 10.3 were measured, in int8 too. */
const LEAST_GAIN = 9;
const runtime = testRuntime();

function read(file: string, input: string, output: string): ModelDefinition {
  const bytes = new Uint8Array(readFileSync(`${MODELS}/${file}`));
  return onnx.read([{ name: file, bytes }], { state: { [input]: output } }).definition;
}

it.skipIf(SHARED === undefined || !existsSync(MODELS) || !existsSync(SPEECH))(
  `DTLN takes noise out of speech, in float32 and in int8`,
  () => {
    const recording = readWav(readFileSync(SPEECH));
    expect(recording.sampleRate).toBe(SAMPLE_RATE);
    const speech = recording.samples.subarray(0, SECONDS * SAMPLE_RATE);
    const noisy = addNoise(speech, SNR, 1);
    const stages = [
      read('model_1.onnx', 'input_3', 'tf_op_layer_stack_2'),
      read('model_2.onnx', 'input_5', 'tf_op_layer_stack_5'),
    ];
    const gainOf = ([mask, samples]: readonly ModelDefinition[]) => {
      using first = new Model(runtime, mask!);
      using second = new Model(runtime, samples!);
      const clean = denoise(first.createSession(), second.createSession(), noisy).subarray(DELAY);
      const wanted = speech.subarray(0, clean.length);
      expect(readWav(writeWav({ sampleRate: SAMPLE_RATE, samples: clean })).samples).toHaveLength(
        clean.length,
      );
      return signalToNoise(wanted, clean) - signalToNoise(wanted, noisy);
    };
    const gain = gainOf(stages);
    const rounded = gainOf(stages.map((stage) => quantize(stage, { weights: 'int8' }).definition));
    console.log(`DTLN: ${gain.toFixed(2)} dB gained, int8 ${rounded.toFixed(2)} dB, of ${SNR} dB`);
    expect(gain).toBeGreaterThan(LEAST_GAIN);
    expect(rounded).toBeGreaterThan(LEAST_GAIN);
  },
);
