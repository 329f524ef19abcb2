import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { FramePoolingNode } from '../../graph/definition.ts';
import { positionsIn } from '../../graph/nodes/frame.ts';
import type { LowerContext, Value } from './context.ts';
import { descriptor } from './frame.ts';

export function lowerFramePooling(node: FramePoolingNode, { plan, input }: LowerContext): Value {
  const { operation, channels, kernel, stride = kernel, padding = 0, layout = 'channels-last' } = node;
  const width = input.size / channels;
  const outWidth = positionsIn(node.name, width, { kernel, stride, padding });
  const y = { buffer: plan.buffer(channels * outWidth), size: channels * outWidth };
  const shape = { channels, width, kernel, stride, dilation: 1, pad: padding, outWidth, layout };
  plan.op({
    code: operation === 'max' ? OpCode.MaxPool : OpCode.AveragePool,
    direction: Direction.None,
    operands: [input.buffer, y.buffer, undefined, undefined, plan.words(descriptor(shape))],
    n: y.size,
  });
  return y;
}
