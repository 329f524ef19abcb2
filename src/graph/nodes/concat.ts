import type { ConcatNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const concat: NodeKind<ConcatNode> = {
  type: 'concat',
  reads: 'vector',
  merges: true,
  matrices: [],
  parse: (head) => ({ ...head, type: 'concat' }),
  shape: (_node, inputSizes) => ({ size: inputSizes.reduce((sum, size) => sum + size, 0) }),
  attributes: () => '',
};
