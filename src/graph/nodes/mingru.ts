import type { MinGruNode } from '../definition.ts';
import { parseActivationOption, unusual } from './cell-options.ts';
import { minimalShape } from './cell-shape.ts';
import type { NodeKind } from './node-kind.ts';
import { cellAttributes, MINIMAL_ROLES, parseRecurrent } from './recurrent.ts';

/** The blocks of its matrix: z, n. */
export const MINGRU_GATES = 2;

export const mingru: NodeKind<MinGruNode> = {
  type: 'mingru',
  reads: 'vector',
  merges: false,
  matrices: MINIMAL_ROLES.needed,

  parse: (head, fields) => ({
    ...parseRecurrent<MinGruNode>('mingru', head, fields, MINIMAL_ROLES),
    ...parseActivationOption(fields, 'candidateActivation'),
  }),

  shape: (node, [inputSize], tensors) => minimalShape(node, MINGRU_GATES, inputSize!, tensors),

  attributes: (node) => cellAttributes(node, [unusual('candidate', node.candidateActivation, 'identity')]),
};
