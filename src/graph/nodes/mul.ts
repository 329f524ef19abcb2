import type { MulNode } from '../definition.ts';
import { sameSizes } from './merging.ts';
import type { NodeKind } from './node-kind.ts';

export const mul: NodeKind<MulNode> = {
  type: 'mul',
  reads: 'vector',
  merges: true,
  matrices: [],
  parse: (head) => ({ ...head, type: 'mul' }),
  shape: (node, inputSizes, _tensors, place) => sameSizes(node, inputSizes, place),
  attributes: () => '',
};
