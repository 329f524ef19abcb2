import type { DropoutNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

const LARGEST_RATE = 0.9;

export const dropout: NodeKind<DropoutNode> = {
  type: 'dropout',
  reads: 'vector',
  merges: false,
  matrices: [],
  parse: (head, fields) => ({ ...head, type: 'dropout', rate: fields.number('rate', 0, LARGEST_RATE) }),
  shape: (_node, [inputSize]) => ({ size: inputSize! }),
  // Its rate changes nothing that a session computes.
  attributes: () => '',
};
