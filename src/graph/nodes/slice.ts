import { RivuletError, show } from '../../errors.ts';
import type { SliceNode } from '../definition.ts';
import { MAX_SIZE } from '../limits.ts';
import type { NodeKind } from './node-kind.ts';

export const slice: NodeKind<SliceNode> = {
  type: 'slice',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'slice',
    start: fields.integer('start', 0, MAX_SIZE - 1),
    size: fields.integer('size', 1, MAX_SIZE),
  }),

  shape({ input, start, size }, [inputSize], _tensors, { place }) {
    if (start + size <= inputSize!) return { size };
    throw new RivuletError(
      'wrong-shape',
      `${place}: values ${start} to ${start + size - 1} are wanted, but ${show(input)} has ${inputSize} values`,
    );
  },

  attributes: ({ start, size }) => `${start} ${size}`,
};
