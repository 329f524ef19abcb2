import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { ConvolutionNode } from '../../graph/definition.ts';
import { pastOf } from '../../graph/nodes/convolution.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerConvolve } from './frame.ts';

/** A window of what came before and this timestep's vectors, and within it a convolution that needs no padding. */
export function lowerConvolution(node: ConvolutionNode, context: LowerContext): Value {
  const { tensors, stride = 1, dilation = 1, activation } = node;
  const [, channels, kernel] = context.tensor(tensors.weight).shape as [number, number, number];
  const frames = context.input.size / channels;
  const past = pastOf(node, kernel);
  const x = past === 0 ? context.input : lowerWindow(node, context, past * channels);
  const shape = {
    channels,
    width: past + frames,
    kernel,
    stride,
    dilation,
    // Where the stride is longer than the kernel spans, an output does not see the first vectors of its stride.
    pad: past === 0 ? (kernel - 1) * dilation + 1 - stride : 0,
    outWidth: frames / stride,
    layout: 'channels-last',
  } as const;
  return lowerConvolve(context, { x, tensors, shape, activation });
}

function lowerWindow({ name }: ConvolutionNode, { plan, input }: LowerContext, past: number): Value {
  const window = { buffer: plan.buffer(past + input.size), size: past + input.size };
  plan.op({
    code: OpCode.Window,
    direction: Direction.Forward,
    operands: [input.buffer, plan.state(`${name}.past`, past), window.buffer],
    k: past,
    n: input.size,
  });
  return window;
}
