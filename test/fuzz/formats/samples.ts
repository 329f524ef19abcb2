import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ConvertOptions, Format, SourceFile } from '../../../src/convert/conversion.ts';
import { Random } from '../../reference/random.ts';

/** What a mutant is made of: a model that its importer accepts. */
export interface Sample {
  readonly files: readonly SourceFile[];
  readonly options: ConvertOptions;
}

export type FuzzedFormat = Format | 'npz';

/** Larger fixtures would make mutants that differ little. */
const MOST_BYTES = 50_000;

/** The fixtures of the importers' tests that are small, and what they are made of where they are no files. */
export const SAMPLES: Readonly<Record<FuzzedFormat, () => readonly Sample[]>> = {
  onnx: () => [...filesIn('test/convert', '.onnx'), ...onnxOperators()],
  pytorch: () => filesIn('test/formats/fixtures', '.safetensors'),
  'keras-h5': () => filesIn('test/convert', '.h5'),
  keras: () => filesIn('test/convert', '.keras'),
  tfjs: tfjsModels,
  tflite: () => filesIn('test/convert', '.tflite'),
  nam: () => filesIn('test/convert', '.nam'),
  rnnoise: () => [sampleOf('small.rnnn', new TextEncoder().encode(rnnoiseText()))],
  npz: () => filesIn('test/cli/fixtures', '.npz'),
};

function filesIn(folder: string, ending: string): readonly Sample[] {
  const paths = readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith(ending) && statSync(path).size <= MOST_BYTES);
  return paths.sort().map((path) => sampleOf(basename(path), new Uint8Array(readFileSync(path))));
}

function sampleOf(name: string, bytes: Uint8Array): Sample {
  return { files: [{ name, bytes }], options: { allowUnused: true } };
}

/** Of the cases of operators, whose models are small enough to stand in JSON. */
function onnxOperators(): readonly Sample[] {
  const folder = 'test/convert/onnx/operators';
  const cases = readdirSync(folder).flatMap(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as readonly { readonly model: string }[],
  );
  return cases.map(({ model }) => sampleOf('operator.onnx', new Uint8Array(Buffer.from(model, 'base64'))));
}

interface TfjsCase {
  readonly topology: object;
  readonly weights: readonly object[];
  readonly data: string;
}

function tfjsModels(): readonly Sample[] {
  const cases = JSON.parse(
    gunzipSync(readFileSync('test/convert/keras/fixtures/tfjs.json.gz')).toString(),
  ) as readonly TfjsCase[];
  return cases.map(({ topology, weights, data }) => {
    const weightsManifest = [{ paths: ['a.bin'], weights }];
    const json = { format: 'layers-model', modelTopology: topology, weightsManifest };
    const files = [
      { name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(json)) },
      { name: 'a.bin', bytes: new Uint8Array(Buffer.from(data, 'base64')) },
    ];
    return { files, options: { allowUnused: true } };
  });
}

/** RNNoise's layers with a few units each: inputs, units, activation, the arrays. */
function rnnoiseText(): string {
  const random = new Random(5);
  const numbers = (count: number) => Array.from({ length: count }, () => random.integer(-128, 128)).join(' ');
  const dense = (inputs: number, units: number) =>
    `${inputs} ${units} 1\n${numbers(inputs * units)}\n${numbers(units)}\n`;
  const gru = (inputs: number, units: number) =>
    `${inputs} ${units} 2\n${numbers(3 * inputs * units)}\n${numbers(3 * units * units)}\n${numbers(3 * units)}\n`;
  const layers = [dense(5, 3), gru(3, 2), gru(3 + 2 + 5, 4), gru(2 + 4 + 5, 3), dense(3, 4), dense(2, 1)];
  return `rnnoise-nu model file version 1\n${layers.join('')}`;
}
