/**
 * Speech with noise added, through DTLN, as a WAV file:
 *
 *     node tools/build/run.mjs tools/denoise/main.ts dtln/model_1.onnx dtln/model_2.onnx speech.wav clean.wav [SNR [SEED]]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { convert } from '../../src/convert/index.ts';
import { createRuntime, loadModel } from '../../src/index.ts';
import { DELAY, denoise, SAMPLE_RATE } from './dtln.ts';
import { addNoise, signalToNoise } from './noise.ts';
import { readWav, writeWav } from './wav.ts';

const [first, second, speech, output, snr = '5', seed = '1'] = process.argv.slice(2);
if (output === undefined)
  throw new Error('expected MODEL_1.onnx MODEL_2.onnx SPEECH.wav OUTPUT.wav [SNR [SEED]]');
const { sampleRate, samples } = readWav(readFileSync(speech!));
if (sampleRate !== SAMPLE_RATE) throw new Error(`expected speech of ${SAMPLE_RATE} Hz, got ${sampleRate}`);
const runtime = await createRuntime();
const mask = await load(first!, { input_3: 'tf_op_layer_stack_2' });
const stage = await load(second!, { input_5: 'tf_op_layer_stack_5' });
const noisy = addNoise(samples, Number(snr), Number(seed));
const start = performance.now();
const late = denoise(mask.createSession(), stage.createSession(), noisy);
const seconds = (performance.now() - start) / 1000;
const clean = late.subarray(DELAY);
writeFileSync(output, writeWav({ sampleRate, samples: clean }));
const wanted = samples.subarray(0, clean.length);
const [before, after] = [signalToNoise(wanted, noisy), signalToNoise(wanted, clean)];
console.log(
  `${output}: SNR ${before.toFixed(1)} dB to ${after.toFixed(1)} dB, ${(after - before).toFixed(1)} dB gained`,
);
console.log(`${(samples.length / sampleRate).toFixed(1)} s of sound in ${seconds.toFixed(2)} s`);

async function load(file: string, state: Readonly<Record<string, string>>) {
  const { definition } = await convert({ name: file, bytes: new Uint8Array(readFileSync(file)) }, { state });
  return loadModel(definition, { runtime });
}
