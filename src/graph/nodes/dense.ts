import type { DenseNode } from '../definition.ts';
import { ACTIVATIONS, type NodeKind } from './node-kind.ts';

export const dense: NodeKind<DenseNode> = {
  type: 'dense',
  reads: 'vector',
  matrices: ['weight'],

  parse: (head, fields) => ({
    ...head,
    type: 'dense',
    tensors: fields.object('tensors', (roles) => ({
      weight: roles.name('weight'),
      ...(roles.has('bias') && { bias: roles.name('bias') }),
    })),
    ...(fields.has('activation') && { activation: fields.oneOf('activation', ACTIVATIONS) }),
  }),

  shape(_node, inputSize, tensors) {
    const [units] = tensors.matrix('weight', ['units', inputSize]);
    tensors.bias('bias', units);
    return { size: units };
  },
};
