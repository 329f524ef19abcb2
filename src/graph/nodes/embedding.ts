import type { EmbeddingNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

export const embedding: NodeKind<EmbeddingNode> = {
  type: 'embedding',
  reads: 'tokens',
  merges: false,
  // A row is looked up, not multiplied: int8 would cost accuracy and save no time.
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'embedding',
    tensors: fields.object('tensors', (roles) => ({ weight: roles.name('weight') })),
  }),

  // As many rows as tokens, neither fewer (a token would read past the end) nor more (none could be reached).
  shape(_node, [vocabulary], tensors) {
    const [, size] = tensors.matrix('weight', [vocabulary!, 'size']);
    return { size };
  },

  attributes: () => '',
};
