import type { RecurrentTensors } from '../definition.ts';
import type { Fields } from '../fields.ts';
import type { NodeTensors } from '../node-tensors.ts';
import type { NodeShape } from './node-kind.ts';

/** The blocks of `hidden` rows that the matrices of a cell have. */
export const GATES = { rnn: 1, gru: 3, lstm: 4 } as const;

export const RECURRENT_MATRICES = ['weight_ih', 'weight_hh'] as const;

export function parseRecurrentTensors(fields: Fields): RecurrentTensors {
  return fields.object('tensors', (roles) => ({
    weight_ih: roles.name('weight_ih'),
    weight_hh: roles.name('weight_hh'),
    ...(roles.has('bias_ih') && { bias_ih: roles.name('bias_ih') }),
    ...(roles.has('bias_hh') && { bias_hh: roles.name('bias_hh') }),
  }));
}

/** weight_ih: [gates*hidden, inputs], weight_hh: [gates*hidden, hidden], biases: [gates*hidden] */
export function recurrentShape(gates: number, inputSize: number, tensors: NodeTensors): NodeShape {
  const [, hidden] = tensors.matrix('weight_hh', [gates === 1 ? 'hidden' : `${gates}*hidden`, 'hidden']);
  const rows = gates * hidden;
  tensors.matrix('weight_hh', [rows, hidden]);
  tensors.matrix('weight_ih', [rows, inputSize]);
  tensors.bias('bias_ih', rows);
  tensors.bias('bias_hh', rows);
  return { size: hidden, hidden };
}
