import type { GruNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';
import { GATES, parseRecurrentTensors, RECURRENT_MATRICES, recurrentShape } from './recurrent.ts';

export const gru: NodeKind<GruNode> = {
  type: 'gru',
  reads: 'vector',
  matrices: RECURRENT_MATRICES,
  parse: (head, fields) => ({
    ...head,
    type: 'gru',
    tensors: parseRecurrentTensors(fields),
    resetAfter: fields.boolean('resetAfter'),
  }),
  shape: (_node, inputSize, tensors) => recurrentShape(GATES.gru, inputSize, tensors),
};
