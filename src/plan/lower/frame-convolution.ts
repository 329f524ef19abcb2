import type { FrameConvolutionNode } from '../../graph/definition.ts';
import { positionsIn } from '../../graph/nodes/frame.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerConvolve } from './frame.ts';

export function lowerFrameConvolution(node: FrameConvolutionNode, context: LowerContext): Value {
  const { tensors, stride = 1, dilation = 1, padding = 0, layout = 'channels-last', activation } = node;
  const [, channels, kernel] = context.tensor(tensors.weight).shape as [number, number, number];
  const width = context.input.size / channels;
  const outWidth = positionsIn(node.name, width, { ...node, kernel });
  const shape = { channels, width, kernel, stride, dilation, pad: padding, outWidth, layout };
  return lowerConvolve(context, { x: context.input, tensors, shape, activation });
}
