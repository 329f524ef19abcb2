/**
 * The checkpoint dump of ml5's charRNN: manifest.json has names and shapes, each variable is a file of raw float32, and
 * vocab.json the index of each character. A cell is TensorFlow's BasicLSTMCell:
 *
 *     kernel [inputs + hidden, 4*hidden], columns in the gate order i, j (our g), f, o; 1 is added to the bias of f
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';

const FORGET_BIAS = 1;
/** The blocks of the file as ours: i, f, g, o. */
const BLOCKS = [0, 2, 1, 3];
/** What became of the two keys of vocab.json that do not stand for themselves. */
const CORRUPTED: Readonly<Record<string, string>> = { '': 'U', '  ': 'u' };

interface Variable {
  readonly filename: string;
  readonly shape: readonly number[];
}

export function readMl5(folder: string): ModelDefinition {
  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const manifest = json('manifest.json') as Record<string, Variable>;
  const read = (name: string): Float32Array => {
    const { filename, shape } = manifest[name]!;
    const { buffer } = new Uint8Array(readFileSync(join(folder, filename)));
    const values = new Float32Array(buffer);
    if (values.length === shape.reduce((count, size) => count * size, 1)) return values;
    throw new Error(`${filename} has ${values.length} values, expected those of [${shape}]`);
  };
  const tensors = new Map<string, Tensor>();
  const add = (name: string, shape: readonly number[], data: Float32Array) => {
    tensors.set(name, { dtype: 'F32', shape, data });
    return name;
  };
  const [vocabulary = 0, size = 0] = manifest.embedding!.shape;
  const nodes: GraphNode[] = [
    {
      name: 'embedding',
      type: 'embedding',
      input: 'tokens',
      tensors: { weight: add('embedding', [vocabulary, size], read('embedding')) },
    },
  ];
  for (const layer of [0, 1]) {
    const prefix = `rnnlm/multi_rnn_cell/cell_${layer}/basic_lstm_cell`;
    const [rows = 0, columns = 0] = manifest[`${prefix}/weights`]!.shape;
    const hidden = columns / 4;
    const kernel = read(`${prefix}/weights`);
    const biases = read(`${prefix}/biases`);
    const name = `lstm.l${layer}`;
    const inputs = rows - hidden;
    nodes.push({
      name,
      type: 'lstm',
      input: nodes.at(-1)!.name,
      tensors: {
        weight_ih: add(`${name}.weight_ih`, [columns, inputs], gates(kernel, hidden, 0, inputs)),
        weight_hh: add(`${name}.weight_hh`, [columns, hidden], gates(kernel, hidden, inputs, rows)),
        bias_ih: add(
          `${name}.bias`,
          [columns],
          Float32Array.from(gates(biases, hidden, 0, 1), (bias, row) =>
            Math.floor(row / hidden) === 1 ? bias + FORGET_BIAS : bias,
          ),
        ),
      },
    });
  }
  nodes.push({
    name: 'head',
    type: 'dense',
    input: nodes.at(-1)!.name,
    tensors: {
      weight: add('head.weight', [vocabulary, size], transposed(read('rnnlm/softmax_w'), vocabulary)),
      bias: add('head.bias', [vocabulary], read('rnnlm/softmax_b')),
    },
  });
  return {
    graph: {
      inputs: [{ name: 'tokens', kind: 'tokens', size: vocabulary }],
      outputs: [{ name: 'logits', from: 'head' }],
      nodes,
    },
    tensors,
    tokenizer: { type: 'characters', vocabulary: readVocabulary(json('vocab.json'), vocabulary) },
  };
}

/** Rows from … to - 1 of a kernel [rows, 4*hidden], transposed: [4*hidden, to - from], gates in our order. */
function gates(kernel: Float32Array, hidden: number, from: number, to: number): Float32Array {
  const inputs = to - from;
  return Float32Array.from({ length: 4 * hidden * inputs }, (_, n) => {
    const [row, input] = [Math.floor(n / inputs), n % inputs];
    const column = BLOCKS[Math.floor(row / hidden)]! * hidden + (row % hidden);
    return kernel[(from + input) * 4 * hidden + column]!;
  });
}

/** [inputs, units] to [units, inputs]. */
function transposed(matrix: Float32Array, units: number): Float32Array {
  const inputs = matrix.length / units;
  return Float32Array.from(matrix, (_, n) => matrix[(n % inputs) * units + Math.floor(n / inputs)]!);
}

function readVocabulary(indices: Readonly<Record<string, number>>, size: number): string[] {
  const vocabulary = new Array<string>(size).fill('');
  for (const [key, index] of Object.entries(indices)) vocabulary[index] = CORRUPTED[key] ?? key;
  return vocabulary;
}
