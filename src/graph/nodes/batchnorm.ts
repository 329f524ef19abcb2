import type { BatchNormNode } from '../definition.ts';
import { EPSILON, parseEpsilon } from './epsilon.ts';
import { parseLayout, vectorsIn } from './frame.ts';
import type { NodeKind } from './node-kind.ts';

export const batchnorm: NodeKind<BatchNormNode> = {
  type: 'batchnorm',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'batchnorm',
    tensors: fields.object('tensors', (roles) => ({
      ...(roles.has('weight') && { weight: roles.name('weight') }),
      ...(roles.has('bias') && { bias: roles.name('bias') }),
      running_mean: roles.name('running_mean'),
      running_var: roles.name('running_var'),
    })),
    ...parseLayout(fields),
    ...parseEpsilon(fields),
  }),

  shape(_node, [inputSize], tensors, { place }) {
    const channels = tensors.vector('running_mean');
    for (const role of ['running_var', 'weight', 'bias']) tensors.bias(role, channels);
    vectorsIn(place, inputSize!, channels);
    return { size: inputSize! };
  },

  attributes: ({ layout = 'channels-last', epsilon = EPSILON }) => `${layout} ${epsilon}`,
};
