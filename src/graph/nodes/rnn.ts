import type { RnnNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';
import { GATES, parseRecurrentTensors, RECURRENT_MATRICES, recurrentShape } from './recurrent.ts';

export const rnn: NodeKind<RnnNode> = {
  type: 'rnn',
  reads: 'vector',
  matrices: RECURRENT_MATRICES,
  parse: (head, fields) => ({
    ...head,
    type: 'rnn',
    tensors: parseRecurrentTensors(fields),
    nonlinearity: fields.oneOf('nonlinearity', ['tanh', 'relu']),
  }),
  shape: (_node, inputSize, tensors) => recurrentShape(GATES.rnn, inputSize, tensors),
};
