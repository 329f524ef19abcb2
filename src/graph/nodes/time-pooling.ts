import type { TimePoolingNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const timePooling: NodeKind<TimePoolingNode> = {
  type: 'time-pooling',
  reads: 'vector',
  merges: false,
  matrices: [],
  parse: (head, fields) => ({
    ...head,
    type: 'time-pooling',
    operation: fields.oneOf('operation', ['max', 'sum', 'mean']),
  }),
  shape: (_node, [inputSize]) => ({ size: inputSize! }),
  attributes: ({ operation }) => operation,
};
