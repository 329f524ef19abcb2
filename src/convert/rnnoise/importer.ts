/**
 * The text weights of RNNoise (`rnnoise-nu model file version 1`): numbers from -128 to 127, which are weights times
 * 256, of a network whose layers are always the same (Valin, "A Hybrid DSP/Deep Learning Approach to Real-Time Full-Band
 * Speech Enhancement", 2018):
 *
 *     input_dense ──▶ vad_gru ──▶ vad_output
 *     [input_dense, vad_gru, input] ──▶ noise_gru
 *     [vad_gru, noise_gru, input] ──▶ denoise_gru ──▶ denoise_output
 *
 * A layer is a line `inputs units activation` and its arrays, laid out as Keras' of the model that was trained.
 */
import { RivuletError } from '../../errors.ts';
import type { Conversion, Importer, SourceFile } from '../conversion.ts';
import { ArrayStore, type NamedArray } from '../keras/arrays.ts';
import { parseKerasModel } from '../keras/config.ts';
import { decodeText } from '../keras/json.ts';
import { convertKeras } from '../keras/model.ts';

export const rnnoise: Importer = { format: 'rnnoise', recognizes, read };

const HEADER = 'rnnoise-nu model file version ';
const ACTIVATIONS = ['tanh', 'sigmoid', 'relu'] as const;
/** The reader of RNNoise takes no larger layer. */
const LARGEST = 128;
const WEIGHTS_SCALE = 1 / 256;

const INPUT = 'input';
/** In the order of the file, with what each reads. */
const LAYERS = [
  { name: 'input_dense', type: 'Dense', reads: [INPUT] },
  { name: 'vad_gru', type: 'GRU', reads: ['input_dense'] },
  { name: 'noise_gru', type: 'GRU', reads: ['input_dense', 'vad_gru', INPUT] },
  { name: 'denoise_gru', type: 'GRU', reads: ['vad_gru', 'noise_gru', INPUT] },
  { name: 'denoise_output', type: 'Dense', reads: ['denoise_gru'] },
  { name: 'vad_output', type: 'Dense', reads: ['vad_gru'] },
] as const;
const OUTPUTS = ['denoise_output', 'vad_output'];

function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  return (
    file !== undefined && others.length === 0 && decodeText(file.bytes.subarray(0, HEADER.length)) === HEADER
  );
}

function read(files: readonly SourceFile[]): Conversion {
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new RivuletError('invalid-argument', `rnnoise: expected one file, got ${files.length}`);
  const layers = parseLayers(file.bytes);
  const model = parseKerasModel(describeModel(layers), '2');
  const store = new ArrayStore(new Map(layers.map(({ name, arrays }) => [name, arrays])));
  const { definition, report } = convertKeras(model, store, 'rnnoise');
  const notes = report.notes.filter((note) => !note.startsWith('written by'));
  return {
    definition,
    report: { ...report, notes: ['weights are the numbers of the file / 256', ...notes] },
  };
}

interface RnnoiseLayer {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly activation: string;
  readonly arrays: readonly NamedArray[];
}

function parseLayers(bytes: Uint8Array): readonly RnnoiseLayer[] {
  const text = decodeText(bytes);
  const header = new RegExp(`^${HEADER}1\\s`).exec(text);
  if (header === null) {
    throw new RivuletError('unsupported-format', `rnnoise: the file does not begin with "${HEADER}1"`);
  }
  const numbers = new Numbers(text, header[0].length);
  const layers = LAYERS.map(({ name, type }) => parseLayer(name, type, numbers));
  numbers.end();
  return layers;
}

function parseLayer(name: string, type: 'Dense' | 'GRU', numbers: Numbers): RnnoiseLayer {
  const inputs = numbers.next(`${name}: inputs`, 1, LARGEST);
  const units = numbers.next(`${name}: units`, 1, LARGEST);
  const activation = ACTIVATIONS[numbers.next(`${name}: activation`, 0, ACTIVATIONS.length - 1)]!;
  const columns = (type === 'GRU' ? 3 : 1) * units;
  const take = (role: string, shape: readonly number[]): NamedArray => {
    const data = numbers.weights(
      `${name}: ${role}`,
      shape.reduce((product, size) => product * size, 1),
    );
    return { name: `${name}/${role}`, shape, read: () => data };
  };
  const kernel = take('kernel', [inputs, columns]);
  const recurrent = type === 'GRU' ? [take('recurrent_kernel', [units, columns])] : [];
  return { name, inputs, units, activation, arrays: [kernel, ...recurrent, take('bias', [columns])] };
}

/** The integers of a text, one after the other. */
class Numbers {
  readonly #text: string;
  readonly #pattern = /\s*(-?\d{1,4})(?=\s|$)/y;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#pattern.lastIndex = start;
  }

  next(place: string, min: number, max: number): number {
    const at = this.#pattern.lastIndex;
    const match = this.#pattern.exec(this.#text);
    const value = Number(match?.[1]);
    if (value >= min && value <= max) return value;
    const what = match ? `got ${value}` : 'there is none';
    throw new RivuletError(
      'invalid-file',
      `rnnoise: ${place}, at character ${at}: expected an integer from ${min} to ${max}, ${what}`,
    );
  }

  weights(place: string, count: number): Float32Array {
    return Float32Array.from({ length: count }, () => this.next(place, -128, 127) * WEIGHTS_SCALE);
  }

  end(): void {
    const at = this.#pattern.lastIndex;
    if (this.#text.slice(at).trim() === '') return;
    throw new RivuletError(
      'invalid-file',
      `rnnoise: the file goes on after its last layer, at character ${at}`,
    );
  }
}

/** As Keras describes the model of RNNoise's training. */
function describeModel(layers: readonly RnnoiseLayer[]): unknown {
  const parts: unknown[] = [
    {
      class_name: 'InputLayer',
      name: INPUT,
      config: { batch_input_shape: [null, null, layers[0]!.inputs] },
      inbound_nodes: [],
    },
  ];
  LAYERS.forEach(({ name, type, reads }, i) => {
    const { units, activation } = layers[i]!;
    const joined = reads.length > 1 ? `${name}_input` : reads[0];
    if (reads.length > 1)
      parts.push({ class_name: 'Concatenate', name: joined, config: {}, inbound_nodes: [reads.map(from)] });
    const gates = type === 'GRU' && {
      recurrent_activation: 'sigmoid',
      reset_after: false,
      return_sequences: true,
    };
    parts.push({
      class_name: type,
      name,
      config: { units, activation, ...gates },
      inbound_nodes: [[from(joined)]],
    });
  });
  return {
    class_name: 'Model',
    config: { layers: parts, input_layers: [from(INPUT)], output_layers: OUTPUTS.map(from) },
  };
}

function from(layer: string): readonly [string, number, number] {
  return [layer, 0, 0];
}
