import { RivuletError, show } from '../../errors.ts';
import type { AttentionNode } from '../definition.ts';
import type { NodeKind, ShapeContext } from './node-kind.ts';

/** Room for every scale that makes sense, and none whose products overflow. */
const LARGEST_SCALE = 1e6;

export const attention: NodeKind<AttentionNode> = {
  type: 'attention',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'attention',
    memory: fields.name('memory'),
    ...(fields.has('scale') && { scale: fields.number('scale', -LARGEST_SCALE, LARGEST_SCALE) }),
  }),

  shape(node, [query], _tensors, context) {
    const memory = memorySize(node, context);
    if (memory !== query) {
      throw new RivuletError(
        'wrong-shape',
        `${context.place}: its query ${show(node.input)} has ${query} values, ` +
          `but its memory ${show(node.memory)} of the encoder has ${memory}; attention multiplies them value by value`,
      );
    }
    return { size: memory };
  },

  // Which node its memory is stands beside it: by position, as what a node reads.
  attributes: ({ scale = 1 }) => `scale ${scale}`,
};

function memorySize({ memory }: AttentionNode, { place, encoder }: ShapeContext): number {
  if (!encoder) {
    throw new RivuletError(
      'invalid-graph',
      `${place}: attention reads ${show(memory)} of an encoder, and there is none before this node; ` +
        'give the graph an encoder',
    );
  }
  const size = encoder.get(memory);
  if (size !== undefined) return size;
  const known = [...encoder.keys()].map(show).join(', ');
  throw new RivuletError(
    'invalid-graph',
    `${place}: its memory ${show(memory)} is no node of the encoder; its nodes are ${known}`,
  );
}
