import type { AddNode } from '../definition.ts';
import { sameSizes } from './merging.ts';
import type { NodeKind } from './node-kind.ts';

export const add: NodeKind<AddNode> = {
  type: 'add',
  reads: 'vector',
  merges: true,
  matrices: [],
  parse: (head) => ({ ...head, type: 'add' }),
  shape: (node, inputSizes, _tensors, place) => sameSizes(node, inputSizes, place),
  attributes: () => '',
};
