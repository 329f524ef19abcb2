import type { StateNode } from '../definition.ts';
import { MAX_SIZE } from '../limits.ts';
import { option } from './cell-options.ts';
import type { NodeKind } from './node-kind.ts';

/** What it reads stands behind it, where its size is known at last: `checkRemembered` looks at it then. */
export const state: NodeKind<StateNode> = {
  type: 'state',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'state',
    tensors: fields.object('tensors', (roles) => option(roles, 'initial', () => roles.name('initial'))),
    size: fields.integer('size', 1, MAX_SIZE),
  }),

  shape({ size }, _inputSizes, tensors) {
    tensors.bias('initial', size);
    return { size, states: { value: size } };
  },

  attributes: ({ size }) => `${size}`,
};
