import { activationText, parseGateActivation } from '../activation.ts';
import type { RnnNode } from '../definition.ts';
import { cellShape, checkRecurrent, recurrentSizes } from './cell-shape.ts';
import type { NodeKind } from './node-kind.ts';
import { cellAttributes, GATES, parseRecurrent, RECURRENT_MATRICES, RECURRENT_ROLES } from './recurrent.ts';

export const rnn: NodeKind<RnnNode> = {
  type: 'rnn',
  reads: 'vector',
  merges: false,
  matrices: RECURRENT_MATRICES,

  parse: (head, fields) => ({
    ...parseRecurrent<RnnNode>('rnn', head, fields, RECURRENT_ROLES),
    nonlinearity: parseGateActivation(fields, 'nonlinearity'),
  }),

  shape(node, [inputSize], tensors) {
    const sizes = recurrentSizes(GATES.rnn, tensors);
    return cellShape(node, sizes, ['h'], (suffix) =>
      checkRecurrent(GATES.rnn, inputSize!, sizes, tensors, suffix),
    );
  },

  attributes: (node) => cellAttributes(node, [activationText(node.nonlinearity)]),
};
