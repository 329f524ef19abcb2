import type { PReluNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const prelu: NodeKind<PReluNode> = {
  type: 'prelu',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'prelu',
    tensors: fields.object('tensors', (roles) => ({ weight: roles.name('weight') })),
  }),

  shape(_node, [inputSize], tensors) {
    tensors.bias('weight', inputSize!);
    return { size: inputSize! };
  },

  attributes: () => '',
};
