import type {
  Activation,
  ConvolutionNode,
  FrameConvolutionNode,
  FramePoolingNode,
  TimePoolingNode,
} from '../graph/definition.ts';
import { apply, type VectorLayer } from './apply.ts';
import { glorot, he } from './initializers.ts';
import type { NameOption } from './pointwise.ts';
import { checkSize, type Weight } from './value.ts';

interface KernelOptions extends NameOption {
  /** Values of one vector of the frame; by default all that it reads, one vector a timestep. */
  readonly channels?: number;
  /** True by default. */
  readonly bias?: boolean;
}

export type ConvolutionOptions = KernelOptions & Pick<ConvolutionNode, 'stride' | 'dilation' | 'activation'>;

/**
 * Causal convolution over time (see `ConvolutionNode`), `units` filters that see `kernel` vectors. Its weights begin as
 * Glorot and Bengio's, before a ReLU as He's.
 */
export function convolution(units: number, kernel: number, options: ConvolutionOptions = {}): VectorLayer {
  return kernelLayer('convolution', 'convolution', units, kernel, options);
}

export type FrameConvolutionOptions = KernelOptions &
  Pick<FrameConvolutionNode, 'stride' | 'dilation' | 'padding' | 'layout' | 'activation'>;

/** Convolution within the frame of one timestep (see `FrameConvolutionNode`). */
export function frameConvolution(
  units: number,
  kernel: number,
  options: FrameConvolutionOptions & { readonly channels: number },
): VectorLayer {
  return kernelLayer('frameConvolution', 'frame-convolution', units, kernel, options);
}

export type FramePoolingOptions = NameOption &
  Pick<FramePoolingNode, 'channels' | 'stride' | 'padding' | 'layout'>;

/** Pooling of `kernel` neighbours within the frame of one timestep (see `FramePoolingNode`). */
export function framePooling(
  operation: FramePoolingNode['operation'],
  kernel: number,
  { name, ...fields }: FramePoolingOptions,
): VectorLayer {
  return (x) =>
    apply({
      call: `framePooling(${operation}, ${kernel})`,
      type: 'frame-pooling',
      name,
      reads: [x],
      fields: { operation, kernel, ...fields },
    });
}

/** Pooling over all timesteps so far: its last value is that of the whole sequence. */
export function timePooling(
  operation: TimePoolingNode['operation'],
  { name, ...fields }: NameOption = {},
): VectorLayer {
  return (x) =>
    apply({
      call: `timePooling(${operation})`,
      type: 'time-pooling',
      name,
      reads: [x],
      fields: { operation, ...fields },
    });
}

function kernelLayer(
  what: string,
  type: 'convolution' | 'frame-convolution',
  units: number,
  kernel: number,
  { name, channels, bias = true, ...fields }: KernelOptions & { readonly activation?: Activation },
): VectorLayer {
  checkSize(what, 'units', units);
  checkSize(what, 'kernel', kernel);
  if (channels !== undefined) checkSize(what, 'channels', channels);
  return (x) => {
    const weights = kernelWeights(units, channels ?? x?.size, kernel, bias, fields.activation);
    return apply({ call: `${what}(${units}, ${kernel})`, type, name, reads: [x], weights, fields });
  };
}

function kernelWeights(
  units: number,
  channels: number,
  kernel: number,
  bias: boolean,
  activation: Activation | undefined,
): Weight[] {
  const inputs = channels * kernel;
  const fill = isRectifier(activation) ? he(inputs) : glorot(inputs, units * kernel);
  return [
    { role: 'weight', shape: [units, channels, kernel], fill },
    ...(bias ? [{ role: 'bias', shape: [units] }] : []),
  ];
}

function isRectifier(activation: Activation | undefined): boolean {
  const name = typeof activation === 'object' ? activation.type : activation;
  return name === 'relu' || name === 'leaky-relu' || name === 'elu';
}
