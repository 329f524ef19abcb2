import type { GruNode } from '../definition.ts';
import { given, parseActivationOption, parseClip, unusual } from './cell-options.ts';
import { cellShape, checkRecurrent, recurrentSizes } from './cell-shape.ts';
import type { NodeKind } from './node-kind.ts';
import { cellAttributes, GATES, parseRecurrent, RECURRENT_MATRICES, RECURRENT_ROLES } from './recurrent.ts';

export const gru: NodeKind<GruNode> = {
  type: 'gru',
  reads: 'vector',
  merges: false,
  matrices: RECURRENT_MATRICES,

  parse: (head, fields) => ({
    ...parseRecurrent<GruNode>('gru', head, fields, RECURRENT_ROLES),
    resetAfter: fields.boolean('resetAfter'),
    ...parseActivationOption(fields, 'gateActivation'),
    ...parseActivationOption(fields, 'candidateActivation'),
    ...parseClip(fields, 'gateClip'),
  }),

  shape(node, [inputSize], tensors) {
    const sizes = recurrentSizes(GATES.gru, tensors);
    return cellShape(node, sizes, ['h'], (suffix) =>
      checkRecurrent(GATES.gru, inputSize!, sizes, tensors, suffix),
    );
  },

  attributes: (node) =>
    cellAttributes(node, [
      node.resetAfter ? 'after' : 'before',
      unusual('gate', node.gateActivation, 'sigmoid'),
      unusual('candidate', node.candidateActivation, 'tanh'),
      given('clip', node.gateClip),
    ]),
};
