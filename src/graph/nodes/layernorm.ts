import type { LayerNormNode } from '../definition.ts';
import { EPSILON, parseEpsilon } from './epsilon.ts';
import type { NodeKind } from './node-kind.ts';

export const layernorm: NodeKind<LayerNormNode> = {
  type: 'layernorm',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'layernorm',
    tensors: fields.object('tensors', (roles) => ({
      ...(roles.has('weight') && { weight: roles.name('weight') }),
      ...(roles.has('bias') && { bias: roles.name('bias') }),
    })),
    ...parseEpsilon(fields),
  }),

  shape(_node, [inputSize], tensors) {
    tensors.bias('weight', inputSize!);
    tensors.bias('bias', inputSize!);
    return { size: inputSize! };
  },

  attributes: ({ epsilon = EPSILON }) => `${epsilon}`,
};
