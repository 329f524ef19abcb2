/** Convolution and pooling, position by position, by the indices of what each output sees. */
import type { FrameLayout } from '../../src/graph/definition.ts';
import { add, affine, concat, matvec, maximum, pick, type Value } from './autodiff.ts';

/** A row of `width` positions of `channels` values. */
interface Frame {
  readonly channels: number;
  readonly width: number;
  readonly layout: FrameLayout;
}

function indexOf({ channels, width, layout }: Frame, position: number, channel: number): number {
  if (position < 0 || position >= width) return -1;
  return layout === 'channels-last' ? position * channels + channel : channel * width + position;
}

/** From values position by position to a value in the layout. */
function arrange(positions: readonly Value[], layout: FrameLayout): Value {
  const whole = concat(...positions);
  if (layout === 'channels-last') return whole;
  const channels = positions[0]!.size;
  return pick(
    whole,
    Array.from(
      { length: whole.size },
      (_, n) => (n % positions.length) * channels + Math.floor(n / positions.length),
    ),
  );
}

/**
 * y[u] = b[u] + Σ_c Σ_k weight[u, c, k] x[channel c, position positions[k]], zeros outside of the frame; weight:
 * [units, channels, kernel].
 */
function convolvePosition(
  x: Value,
  frame: Frame,
  weight: Value,
  bias: Value | undefined,
  positions: readonly number[],
): Value {
  const indices = Array.from({ length: frame.channels }, (_, channel) =>
    positions.map((position) => indexOf(frame, position, channel)),
  );
  const y = matvec(weight, pick(x, indices.flat()));
  return bias ? add(y, bias) : y;
}

export interface ConvolutionOptions {
  readonly stride: number;
  readonly dilation: number;
}

/** PyTorch's Conv1d over the width of x. */
export function frameConvolution(
  x: Value,
  weight: Value,
  bias: Value | undefined,
  options: ConvolutionOptions & { readonly padding: number; readonly layout: FrameLayout },
): Value {
  const { stride, dilation, padding, layout } = options;
  const [, channels, kernel] = weight.shape as [number, number, number];
  const width = x.size / channels;
  const frame = { channels, width, layout };
  const outputs = Math.floor((width + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
  const positions = Array.from({ length: outputs }, (_, j) =>
    convolvePosition(x, frame, weight, bias, window(j * stride - padding, kernel, dilation)),
  );
  return arrange(positions, layout);
}

/**
 * Causal convolution of a timestep. `past`: the vectors before it, (kernel - 1) * dilation of them; output number j sees
 * up to vector j * stride + stride - 1 of the timestep.
 */
export function causalConvolution(
  x: Value,
  past: Value,
  weight: Value,
  bias: Value | undefined,
  { stride, dilation }: ConvolutionOptions,
): { readonly y: Value; readonly past: Value } {
  const [, channels, kernel] = weight.shape as [number, number, number];
  const whole = concat(past, x);
  const frame: Frame = { channels, width: whole.size / channels, layout: 'channels-last' };
  const outputs = x.size / channels / stride;
  const positions = Array.from({ length: outputs }, (_, j) =>
    convolvePosition(whole, frame, weight, bias, window((j + 1) * stride - 1, kernel, dilation)),
  );
  const kept = Array.from({ length: past.size }, (_, n) => whole.size - past.size + n);
  return { y: concat(...positions), past: pick(whole, kept) };
}

/** PyTorch's MaxPool1d, or AvgPool1d with the padding counted. */
export function framePooling(
  x: Value,
  options: {
    readonly operation: 'max' | 'average';
    readonly channels: number;
    readonly kernel: number;
    readonly stride: number;
    readonly padding: number;
    readonly layout: FrameLayout;
  },
): Value {
  const { operation, channels, kernel, stride, padding, layout } = options;
  const frame = { channels, width: x.size / channels, layout };
  const outputs = Math.floor((frame.width + 2 * padding - kernel) / stride) + 1;
  const empty = operation === 'max' ? Number.NEGATIVE_INFINITY : 0;
  const positions = Array.from({ length: outputs }, (_, j) => {
    const seen = window(j * stride - padding, kernel, 1).map((position) =>
      pick(
        x,
        Array.from({ length: channels }, (_, channel) => indexOf(frame, position, channel)),
        empty,
      ),
    );
    return operation === 'max' ? maximum(...seen) : affine(add(...seen), 1 / kernel);
  });
  return arrange(positions, layout);
}

function window(first: number, kernel: number, dilation: number): number[] {
  return Array.from({ length: kernel }, (_, k) => first + k * dilation);
}
