import type { SubNode } from '../definition.ts';
import { twoSizes } from './merging.ts';
import type { NodeKind } from './node-kind.ts';

export const sub: NodeKind<SubNode> = {
  type: 'sub',
  reads: 'vector',
  merges: true,
  matrices: [],
  parse: (head) => ({ ...head, type: 'sub' }),
  shape: (node, inputSizes, _tensors, place) => twoSizes(node, inputSizes, place),
  attributes: () => '',
};
