/**
 * Amp models of Neural Amp Modeler (.nam, JSON) with the architecture LSTM:
 *
 *     weights = for each layer: W [4*hidden, inputs + hidden], b [4*hidden], h0 [hidden], c0 [hidden];
 *               then the head: w [hidden], b [1]
 *
 * one number behind the other, matrices row-major, rows in PyTorch's gate order i, f, g, o. A layer's W reads x and h one
 * behind the other; h0 and c0 are what the trainer's model held after silence, and a session begins with them.
 */
import { RivuletError, show } from '../../errors.ts';
import { parseStrictJson } from '../../formats/json.ts';
import { decodeUtf8 } from '../../formats/utf8.ts';
import type { GraphNode, Tensor } from '../../graph/definition.ts';
import { type Fields, readFields } from '../../graph/fields.ts';
import type { Conversion, SourceFile } from '../conversion.ts';
import { WeightList } from './weight-list.ts';

const MAX_LAYERS = 1000;
const MAX_HIDDEN = 65536;
/** Hz, of a file that does not tell. */
const SAMPLE_RATE = 48000;

interface Config {
  readonly version: string;
  readonly hidden: number;
  readonly layers: number;
  readonly sampleRate: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly weights: readonly unknown[];
}

/** @throws RivuletError `invalid-file`, `unsupported-operator` (another architecture) */
export function readNam({ name, bytes }: SourceFile): Conversion {
  const { version, hidden, layers, sampleRate, metadata, weights } = parse(bytes, name);
  const list = new WeightList(weights, expectedWeights(hidden, layers));
  const tensors = new Map<string, Tensor>();
  const nodes: GraphNode[] = [];
  const lines: string[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const node = layers === 1 ? 'lstm' : `lstm.l${layer}`;
    const inputs = layer === 0 ? 1 : hidden;
    const input = nodes.at(-1)?.name ?? 'input';
    nodes.push({ name: node, type: 'lstm', input, tensors: takeLayer(list, node, inputs, hidden, tensors) });
    lines.push(`${node}: layer ${layer}, LSTM ${inputs} → ${hidden} with learned initial states`);
  }
  const head = { weight: 'head.weight', bias: 'head.bias' };
  tensors.set(head.weight, { dtype: 'F32', shape: [1, hidden], data: list.take(hidden) });
  tensors.set(head.bias, { dtype: 'F32', shape: [1], data: list.take(1) });
  nodes.push({ name: 'head', type: 'dense', input: nodes.at(-1)!.name, tensors: head });
  lines.push(`head: the head, ${hidden} → 1`);
  return {
    definition: {
      graph: {
        inputs: [{ name: 'input', kind: 'features', size: 1 }],
        outputs: [{ name: 'output', from: 'head' }],
        nodes,
      },
      tensors,
      metadata: { nam: JSON.stringify({ version, sample_rate: sampleRate, metadata }) },
    },
    report: {
      format: 'nam',
      nodes: lines,
      folded: [],
      parametersFound: weights.length,
      parametersUsed: weights.length,
      unused: [],
      notes: [`one sample a timestep, at ${sampleRate} Hz`],
    },
  };
}

function parse(bytes: Uint8Array, name: string): Config {
  const place = name === '' ? 'nam' : show(name);
  let json: unknown;
  try {
    json = parseStrictJson(decodeUtf8(bytes));
  } catch (cause) {
    throw new RivuletError('invalid-file', `${place}: not JSON: ${(cause as Error).message}`, { cause });
  }
  return readFields(json, place, 'invalid-file', (fields) => {
    const version = fields.name('version');
    const architecture = fields.name('architecture');
    if (architecture !== 'LSTM') {
      throw new RivuletError(
        'unsupported-operator',
        `${place}: architecture ${show(architecture)} is not supported; LSTM is`,
      );
    }
    if (!/^0\.5\.\d+$/.test(version)) {
      throw new RivuletError(
        'unsupported-operator',
        `${place}: version ${show(version)} of the format is not supported; 0.5 is`,
      );
    }
    const sampleRate = fields.has('sample_rate') ? fields.number('sample_rate', 1, 1e6) : SAMPLE_RATE;
    const sizes = fields.object('config', readConfig);
    return {
      version,
      ...sizes,
      sampleRate,
      metadata: fields.has('metadata') ? fields.object('metadata', readScalars) : {},
      weights: fields.array('weights'),
    };
  });
}

function readConfig(fields: Fields): { readonly hidden: number; readonly layers: number } {
  fields.integer('input_size', 1, 1);
  for (const channels of ['in_channels', 'out_channels'])
    if (fields.has(channels)) fields.integer(channels, 1, 1);
  return {
    hidden: fields.integer('hidden_size', 1, MAX_HIDDEN),
    layers: fields.integer('num_layers', 1, MAX_LAYERS),
  };
}

/** Names, gear, loudness and the like; what is nested may be as deep as a file likes, and is left out. */
function readScalars(fields: Fields): Readonly<Record<string, unknown>> {
  const entries = fields.names().map((name): [string, unknown] => [name, fields.value(name)]);
  return Object.fromEntries(entries.filter(([, value]) => typeof value !== 'object'));
}

function expectedWeights(hidden: number, layers: number): number {
  const states = 2 * hidden;
  const layer = (inputs: number) => 4 * hidden * (inputs + hidden + 1) + states;
  return layer(1) + (layers - 1) * layer(hidden) + hidden + 1;
}

function takeLayer(
  list: WeightList,
  node: string,
  inputs: number,
  hidden: number,
  tensors: Map<string, Tensor>,
): Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'h0' | 'c0', string> {
  const rows = 4 * hidden;
  const columns = inputs + hidden;
  const both = list.take(rows * columns);
  const add = (role: string, shape: readonly number[], data: Float32Array): string => {
    tensors.set(`${node}.${role}`, { dtype: 'F32', shape, data });
    return `${node}.${role}`;
  };
  return {
    weight_ih: add('weight_ih', [rows, inputs], columnsOf(both, columns, 0, inputs)),
    weight_hh: add('weight_hh', [rows, hidden], columnsOf(both, columns, inputs, columns)),
    bias_ih: add('bias_ih', [rows], list.take(rows)),
    h0: add('h0', [hidden], list.take(hidden)),
    c0: add('c0', [hidden], list.take(hidden)),
  };
}

/** Columns from … to - 1 of a matrix [rows, columns]. */
function columnsOf(matrix: Float32Array, columns: number, from: number, to: number): Float32Array {
  const part = new Float32Array((matrix.length / columns) * (to - from));
  for (let row = 0; row * columns < matrix.length; row++)
    part.set(matrix.subarray(row * columns + from, row * columns + to), row * (to - from));
  return part;
}
