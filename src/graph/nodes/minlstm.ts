import type { MinLstmNode } from '../definition.ts';
import { parseActivationOption, unusual } from './cell-options.ts';
import { minimalShape } from './cell-shape.ts';
import type { NodeKind } from './node-kind.ts';
import { cellAttributes, MINIMAL_ROLES, parseRecurrent } from './recurrent.ts';

/** The blocks of its matrix: f, i, n. */
export const MINLSTM_GATES = 3;

export const minlstm: NodeKind<MinLstmNode> = {
  type: 'minlstm',
  reads: 'vector',
  merges: false,
  matrices: MINIMAL_ROLES.needed,

  parse: (head, fields) => ({
    ...parseRecurrent<MinLstmNode>('minlstm', head, fields, MINIMAL_ROLES),
    ...parseActivationOption(fields, 'candidateActivation'),
  }),

  shape: (node, [inputSize], tensors) => minimalShape(node, MINLSTM_GATES, inputSize!, tensors),

  attributes: (node) => cellAttributes(node, [unusual('candidate', node.candidateActivation, 'identity')]),
};
