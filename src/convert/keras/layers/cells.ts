/** What the arrays of Keras' cells are in ours: transposed, and the gates of a GRU in another order. */
import { RivuletError } from '../../../errors.ts';
import type { GateActivation, GraphNode } from '../../../graph/definition.ts';
import { transposed } from '../../transposed.ts';
import { type LayerArrays, reorder } from '../arrays.ts';
import type { GraphBuilder } from '../builder.ts';
import type { Options } from '../options.ts';
import { readGateActivation } from './activation.ts';
import type { LayerContext } from './context.ts';

type CellType = 'rnn' | 'lstm' | 'gru';

/** A cell and what it computes with, without its tensors. */
export interface Cell {
  readonly type: CellType;
  readonly units: number;
  readonly hasBias: boolean;
  /** Arrays in the layout of cuDNN. */
  readonly cudnn: boolean;
  readonly activation: GateActivation;
  readonly gateActivation: GateActivation;
  /** Of a GRU; undefined where only its bias tells. */
  readonly resetAfter: boolean | undefined;
}

/** Where our block of rows stands among Keras' blocks of columns: i f c o as ours, z r h to r z n. */
const ORDER: Readonly<Record<CellType, readonly number[]>> = {
  rnn: [0],
  lstm: [0, 1, 2, 3],
  gru: [1, 0, 2],
};

const TYPES: Readonly<Record<string, CellType>> = {
  SimpleRNN: 'rnn',
  SimpleRNNCell: 'rnn',
  LSTM: 'lstm',
  LSTMCell: 'lstm',
  CuDNNLSTM: 'lstm',
  GRU: 'gru',
  GRUCell: 'gru',
  CuDNNGRU: 'gru',
};

export function isCell(className: string): boolean {
  return Object.hasOwn(TYPES, className) && className.endsWith('Cell');
}

/** What the options of a layer, or of the cell of a layer RNN, say of the cell. */
export function readCell(context: LayerContext, className: string, options: Options): Cell {
  const cell = { ...context, options };
  const cudnn = className.startsWith('CuDNN');
  const type = TYPES[className]!;
  const reset = options.value('reset_after');
  return {
    type,
    cudnn,
    units: options.integer('units', 'output_dim'),
    hasBias: cudnn || options.boolean(true, 'use_bias'),
    activation: cudnn ? 'tanh' : readGateActivation(cell, 'tanh', 'activation'),
    gateActivation:
      cudnn || type === 'rnn'
        ? 'sigmoid'
        : readGateActivation(cell, usualGate(context), 'recurrent_activation', 'inner_activation'),
    resetAfter: cudnn || (reset === undefined ? undefined : reset === true),
  };
}

/** Where the file leaves it out: Keras began with hard_sigmoid, and tf.keras and Keras 3 have sigmoid; all write it. */
function usualGate({ version }: LayerContext): string {
  return version !== undefined && version.major >= 3 ? 'sigmoid' : 'hard_sigmoid';
}

/** Whether what two cells compute with is the same but for their arrays. */
export function areAlike(a: Cell, b: Cell): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Takes the arrays of a cell.
 *
 * @param suffix of roles and tensors: `_reverse` for the backward half
 * @returns names of tensors by role
 */
export function takeCell(
  cell: Cell,
  inputs: number,
  arrays: LayerArrays,
  builder: GraphBuilder,
  name: string,
  suffix: '' | '_reverse' = '',
): { readonly roles: Readonly<Record<string, string>>; readonly resetAfter: boolean } {
  const { type, units } = cell;
  const gates = ORDER[type].length;
  const { kernel, recurrent, biases } = readCellArrays(cell, inputs, arrays);
  const roles: Record<string, string> = {};
  const give = (role: string, shape: readonly number[], data: Float32Array) => {
    roles[`${role}${suffix}`] = builder.tensor(`${name}.${role}${suffix}`, shape, data);
  };
  give('weight_ih', [gates * units, inputs], reorder(kernel, units * inputs, ORDER[type]));
  give('weight_hh', [gates * units, units], reorder(recurrent, units * units, ORDER[type]));
  const [input, hidden] = biases;
  if (input) give('bias_ih', [gates * units], reorder(input, units, ORDER[type]));
  if (hidden) give('bias_hh', [gates * units], reorder(hidden, units, ORDER[type]));
  return { roles, resetAfter: cell.resetAfter ?? hidden !== undefined };
}

/** Rows are outputs, blocks in Keras' order. */
interface CellArrays {
  readonly kernel: Float32Array;
  readonly recurrent: Float32Array;
  /** Of the product of the input, and of that of h where it has its own. */
  readonly biases: readonly Float32Array[];
}

function readCellArrays(cell: Cell, inputs: number, arrays: LayerArrays): CellArrays {
  const { type, units, hasBias, cudnn } = cell;
  const columns = ORDER[type].length * units;
  if (type !== 'rnn' && arrays.ending('_W_i') !== undefined) return readKeras1(cell, inputs, arrays);
  if (type === 'gru' && arrays.ending('_W_z') !== undefined) return readKeras1(cell, inputs, arrays);
  const kernel = arrays.take('kernel', 0, [inputs, columns]);
  const recurrent = arrays.take('recurrent_kernel', 1, [units, columns]);
  const turn = cudnn ? untangle : transposed;
  return {
    kernel: turn(kernel, inputs, columns, units),
    recurrent: turn(recurrent, units, columns, units),
    biases: hasBias ? readBiases(cell, columns, arrays) : [],
  };
}

/**
 * cuDNN's matrices are [units, inputs], gate by gate; Keras keeps the numbers of each gate in that order, but in the
 * shape [inputs, units] and side by side. See `preprocess_weights_for_loading` of Keras 2.
 */
function untangle(data: Float32Array, rows: number, columns: number, units: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const gate = Math.floor(column / units);
      result[(gate * rows + row) * units + (column % units)] = data[row * columns + column]!;
    }
  return result;
}

function readBiases(cell: Cell, columns: number, arrays: LayerArrays): readonly Float32Array[] {
  const { type, cudnn } = cell;
  if (cudnn) {
    const both = arrays.take('bias', 2, [2 * columns]);
    return [both.subarray(0, columns), both.subarray(columns)];
  }
  const { length: rank } = arrays.shape('bias', 2);
  const isDouble = type === 'gru' && (cell.resetAfter ?? rank === 2);
  if (!isDouble) return [arrays.take('bias', 2, [columns])];
  const both = arrays.take('bias', 2, [2, columns]);
  return [both.subarray(0, columns), both.subarray(columns)];
}

/** Keras 1 has an array of its own for each gate. */
function readKeras1({ type, units, hasBias }: Cell, inputs: number, arrays: LayerArrays): CellArrays {
  const gates = type === 'lstm' ? ['i', 'f', 'c', 'o'] : ['z', 'r', 'h'];
  const take = (role: string, expected: readonly number[]) =>
    gates.map((gate) => {
      const array = arrays.ending(`_${role}_${gate}`);
      if (array) return arrays.takeArray(array, expected);
      throw new RivuletError('missing-tensor', `${arrays.place}: the file has no ${role}_${gate} of it`);
    });
  return {
    kernel: join(take('W', [inputs, units]).map((data) => transposed(data, inputs, units))),
    recurrent: join(take('U', [units, units]).map((data) => transposed(data, units, units))),
    biases: hasBias ? [join(take('b', [units]))] : [],
  };
}

function join(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

export interface CellNode {
  readonly name: string;
  readonly input: string;
  readonly roles: Readonly<Record<string, string>>;
  readonly resetAfter: boolean;
  readonly direction: 'forward' | 'backward' | 'both';
  readonly merge?: 'concat' | 'sum' | 'mul' | 'average';
}

/** The node of a cell; what is usual is left out. */
export function cellNode(cell: Cell, node: CellNode): GraphNode {
  const { type, activation, gateActivation } = cell;
  const { name, input, direction, merge } = node;
  const head = {
    name,
    input,
    ...(direction !== 'forward' && { direction }),
    ...(merge && merge !== 'concat' && { merge }),
    tensors: node.roles as { readonly weight_ih: string; readonly weight_hh: string },
  };
  if (type === 'rnn') return { ...head, type, nonlinearity: activation };
  const gates = gateActivation !== 'sigmoid' && { gateActivation };
  const candidate = activation !== 'tanh' && { candidateActivation: activation };
  if (type === 'gru') return { ...head, type, resetAfter: node.resetAfter, ...gates, ...candidate };
  const output = activation !== 'tanh' && { outputActivation: activation };
  return { ...head, type, ...gates, ...candidate, ...output };
}
