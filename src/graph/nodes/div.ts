import type { DivNode } from '../definition.ts';
import { twoSizes } from './merging.ts';
import type { NodeKind } from './node-kind.ts';

export const div: NodeKind<DivNode> = {
  type: 'div',
  reads: 'vector',
  merges: true,
  matrices: [],
  parse: (head) => ({ ...head, type: 'div' }),
  shape: (node, inputSizes, _tensors, place) => twoSizes(node, inputSizes, place),
  attributes: () => '',
};
