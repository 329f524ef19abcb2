import { activationText, parseActivation } from '../activation.ts';
import type { ActivationNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const activation: NodeKind<ActivationNode> = {
  type: 'activation',
  reads: 'vector',
  merges: false,
  matrices: [],
  parse: (head, fields) => ({
    ...head,
    type: 'activation',
    activation: parseActivation(fields, 'activation'),
  }),
  shape: (_node, [inputSize]) => ({ size: inputSize! }),
  attributes: (node) => activationText(node.activation),
};
