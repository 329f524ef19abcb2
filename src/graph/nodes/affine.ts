import type { AffineNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const affine: NodeKind<AffineNode> = {
  type: 'affine',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'affine',
    tensors: fields.object('tensors', (roles) => ({
      ...(roles.has('weight') && { weight: roles.name('weight') }),
      ...(roles.has('bias') && { bias: roles.name('bias') }),
    })),
  }),

  shape(_node, [inputSize], tensors) {
    tensors.bias('weight', inputSize!);
    tensors.bias('bias', inputSize!);
    return { size: inputSize! };
  },

  attributes: () => '',
};
