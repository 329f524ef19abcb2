import type { ActivationNode } from '../definition.ts';
import { ACTIVATIONS, type NodeKind } from './node-kind.ts';

export const activation: NodeKind<ActivationNode> = {
  type: 'activation',
  reads: 'vector',
  matrices: [],
  parse: (head, fields) => ({
    ...head,
    type: 'activation',
    activation: fields.oneOf('activation', ACTIVATIONS),
  }),
  shape: (_node, inputSize) => ({ size: inputSize }),
};
