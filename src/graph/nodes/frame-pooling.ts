import { Frame } from '../../../assembly/shared/convolution.ts';
import { RivuletError } from '../../errors.ts';
import type { FramePoolingNode } from '../definition.ts';
import { MAX_SIZE } from '../limits.ts';
import { parseLayout, parseSizes, positionsIn, vectorsIn } from './frame.ts';
import type { NodeKind } from './node-kind.ts';

export const framePooling: NodeKind<FramePoolingNode> = {
  type: 'frame-pooling',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse: (head, fields) => ({
    ...head,
    type: 'frame-pooling',
    operation: fields.oneOf('operation', ['max', 'average']),
    channels: fields.integer('channels', 1, MAX_SIZE),
    kernel: fields.integer('kernel', 1, MAX_SIZE),
    ...parseSizes(fields, 'stride', 'padding'),
    ...parseLayout(fields),
  }),

  shape(node, [inputSize], _tensors, { place }) {
    const { channels, kernel, stride = kernel, padding = 0 } = node;
    if (2 * padding > kernel) {
      throw new RivuletError(
        'invalid-graph',
        `${place}: field "padding" must be at most half the kernel, ${Math.floor(kernel / 2)}, got ${padding}`,
      );
    }
    const width = vectorsIn(place, inputSize!, channels);
    const size = channels * positionsIn(place, width, { kernel, stride, padding });
    if (size * kernel > Frame.MostWork) {
      throw new RivuletError(
        'invalid-graph',
        `${place}: its ${size} outputs look at ${kernel} values each, more than ${Frame.MostWork} in all; use a larger stride`,
      );
    }
    return { size };
  },

  attributes: ({ operation, channels, kernel, stride = kernel, padding = 0, layout = 'channels-last' }) =>
    `${operation} ${channels} ${kernel} ${stride} ${padding} ${layout}`,
};
