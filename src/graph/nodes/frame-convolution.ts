import { activationText, parseActivation } from '../activation.ts';
import type { FrameConvolutionNode } from '../definition.ts';
import { parseConvolutionTensors } from './convolution.ts';
import { parseLayout, parseSizes, positionsIn, vectorsIn } from './frame.ts';
import type { NodeKind } from './node-kind.ts';

export const frameConvolution: NodeKind<FrameConvolutionNode> = {
  type: 'frame-convolution',
  reads: 'vector',
  merges: false,
  matrices: ['weight'],

  parse: (head, fields) => ({
    ...head,
    type: 'frame-convolution',
    tensors: parseConvolutionTensors(fields),
    ...parseSizes(fields, 'stride', 'dilation', 'padding'),
    ...parseLayout(fields),
    ...(fields.has('activation') && { activation: parseActivation(fields, 'activation') }),
  }),

  shape(node, [inputSize], tensors, { place }) {
    const [units, channels, kernel] = tensors.convolution('weight');
    tensors.bias('bias', units);
    const width = vectorsIn(place, inputSize!, channels);
    return { size: units * positionsIn(place, width, { ...node, kernel }) };
  },

  attributes: ({ stride = 1, dilation = 1, padding = 0, layout = 'channels-last', activation }) =>
    `${stride} ${dilation} ${padding} ${layout} ${activation ? activationText(activation) : ''}`,
};
