import type { LstmNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';
import { GATES, parseRecurrentTensors, RECURRENT_MATRICES, recurrentShape } from './recurrent.ts';

export const lstm: NodeKind<LstmNode> = {
  type: 'lstm',
  reads: 'vector',
  matrices: RECURRENT_MATRICES,
  parse: (head, fields) => ({ ...head, type: 'lstm', tensors: parseRecurrentTensors(fields) }),
  shape: (_node, inputSize, tensors) => recurrentShape(GATES.lstm, inputSize, tensors),
};
