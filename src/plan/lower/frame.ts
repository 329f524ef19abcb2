import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import { Frame } from '../../../assembly/shared/convolution.ts';
import type { Activation, FrameLayout } from '../../graph/definition.ts';
import { columnsOf, type Operand } from '../writer.ts';
import { activate } from './activation.ts';
import type { LowerContext, Value } from './context.ts';

/** What a convolution or pooling does with a frame; see assembly/shared/convolution.ts. */
export interface FrameShape {
  readonly channels: number;
  readonly width: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the frame; vectors of it that are skipped where negative. */
  readonly pad: number;
  readonly outWidth: number;
  readonly layout: FrameLayout;
}

/** The descriptor, and behind it the scales of int8 weights. */
export function descriptor(shape: FrameShape, scales = new Float32Array(0)): Uint32Array {
  const words = new Uint32Array(Frame.Bytes / 4 + scales.length);
  words[Frame.Channels / 4] = shape.channels;
  words[Frame.Width / 4] = shape.width;
  words[Frame.Kernel / 4] = shape.kernel;
  words[Frame.Stride / 4] = shape.stride;
  words[Frame.Dilation / 4] = shape.dilation;
  words[Frame.Pad / 4] = shape.pad;
  words[Frame.OutWidth / 4] = shape.outWidth;
  words[Frame.ChannelsFirst / 4] = shape.layout === 'channels-first' ? 1 : 0;
  words.set(new Uint32Array(scales.buffer), Frame.Bytes / 4);
  return words;
}

export interface Convolution {
  readonly x: Value;
  /** Names of the weights [units, channels, kernel], float32 or int8, and of the bias [units]. */
  readonly tensors: { readonly weight: string; readonly bias?: string };
  readonly shape: FrameShape;
  readonly activation: Activation | undefined;
}

/** out = activation(bias + W patch) for every position; the rows of W are padded to whole panels. */
export function lowerConvolve(context: LowerContext, convolution: Convolution): Value {
  const { plan } = context;
  const { x, tensors, shape, activation } = convolution;
  const { channels, kernel, outWidth } = shape;
  const tensor = context.tensor(tensors.weight);
  const m = tensor.shape[0]!;
  const n = columnsOf(m);
  const k = kernel * channels;
  const ranges = [{ tensor, from: 0, rows: m, to: 0, columns: patchOrder(channels, kernel) }];
  const y = { buffer: plan.buffer(m * outWidth), size: m * outWidth };
  const common = { direction: Direction.None, k, n, m };
  if (tensor.dtype === 'F32') {
    const weights = plan.panels(n, k, ranges);
    const operands = [
      x.buffer,
      weights,
      biasOf(context, tensors.bias, m),
      y.buffer,
      plan.words(descriptor(shape)),
    ];
    plan.op({ ...common, code: OpCode.ConvolutionF32, operands });
  } else {
    const scales = new Float32Array(n);
    scales.set(context.scale(tensors.weight));
    const { operand, constant } = plan.int8(n, k, ranges);
    const words = plan.words(descriptor(shape, scales));
    const operands = [x.buffer, operand, biasOf(context, tensors.bias, m), y.buffer, words];
    plan.op({ ...common, code: OpCode.ConvolutionInt8, operands, qmaxOf: constant });
  }
  if (activation) activate(plan, activation, y.buffer, y.buffer, y.size, Direction.None);
  return y;
}

/** The columns of a patch, [kernel][channels], in a row of PyTorch's weights, [channels][kernel]. */
function patchOrder(channels: number, kernel: number): Uint32Array {
  return Uint32Array.from(
    { length: channels * kernel },
    (_, i) => (i % channels) * kernel + Math.floor(i / channels),
  );
}

function biasOf({ plan, tensor }: LowerContext, name: string | undefined, units: number): Operand {
  const values = new Float32Array(columnsOf(units));
  if (name === undefined) return plan.values({ values, sources: [] });
  const bias = tensor(name);
  values.set(bias.data);
  return plan.values({ values, sources: [{ tensor: bias, from: 0, length: units, to: 0 }] });
}
