import { activationText, parseActivation } from '../activation.ts';
import type { DenseNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const dense: NodeKind<DenseNode> = {
  type: 'dense',
  reads: 'vector',
  merges: false,
  matrices: ['weight'],

  parse: (head, fields) => ({
    ...head,
    type: 'dense',
    tensors: fields.object('tensors', (roles) => ({
      weight: roles.name('weight'),
      ...(roles.has('bias') && { bias: roles.name('bias') }),
    })),
    ...(fields.has('activation') && { activation: parseActivation(fields, 'activation') }),
  }),

  shape(_node, [inputSize], tensors) {
    const [units] = tensors.matrix('weight', ['units', inputSize!]);
    tensors.bias('bias', units);
    return { size: units };
  },

  attributes: (node) => (node.activation ? activationText(node.activation) : ''),
};
