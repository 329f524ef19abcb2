/** Conv1D and pooling: over time, causal, or within the frame of a timestep (TimeDistributed). */
import { RivuletError } from '../../../errors.ts';
import type { Flow } from '../builder.ts';
import { readActivation } from './activation.ts';
import { inputOf, type Layer, type LayerContext, vectorSize } from './context.ts';

/** A number, or a list of one. */
function size(context: LayerContext, usual: number, ...names: readonly string[]): number {
  const value = context.options.number(usual, ...names);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw context.options.unsupported(names[0]!, value, 'a positive integer');
}

/** kernel: [width, channels, filters], bias: [filters] */
export const conv1d: Layer = (context) => {
  const { options, arrays, builder, name, place } = context;
  options.only('channels_last', 'data_format');
  options.only(1, 'groups');
  const width = size(context, 0, 'kernel_size', 'filter_length');
  const filters = options.integer('filters', 'nb_filter');
  const stride = size(context, 1, 'strides', 'subsample_length');
  const dilation = size(context, 1, 'dilation_rate');
  const padding = options.string('valid', 'padding', 'border_mode');
  const activation = readActivation(context, 'linear', 'activation');
  const hasBias = options.boolean(true, 'use_bias', 'bias');
  const input = inputOf(context);
  const channels = input.time === 'each' ? vectorSize(input, place) : frameOf(input, place)[1];
  const kernel = arrays.take('kernel', 0, [width, channels, filters]);
  const tensors = {
    weight: builder.tensor(
      `${name}.weight`,
      [filters, channels, width],
      turnKernel(kernel, width, channels, filters),
    ),
    ...(hasBias && { bias: builder.tensor(`${name}.bias`, [filters], arrays.take('bias', 1, [filters])) }),
  };
  const head = { name, input: input.from, tensors, ...(activation !== null && { activation }) };
  if (input.time === 'each') {
    checkCausal(context, { padding, width, stride, reversed: input.reversed });
    builder.add({ ...head, type: 'convolution', dilation }, 'Conv1D over time');
    return { ...input, from: name, frame: [filters] };
  }
  const around = framePadding(context, padding, { width, stride, dilation });
  builder.add(
    { ...head, type: 'frame-convolution', stride, dilation, padding: around },
    'Conv1D in a timestep',
  );
  const reach = (width - 1) * dilation + 1;
  const steps = Math.floor((frameOf(input, place)[0] + 2 * around - reach) / stride) + 1;
  return { ...input, from: name, frame: [steps, filters] };
};

/** [width, channels, filters] to [filters, channels, width] */
function turnKernel(data: Float32Array, width: number, channels: number, filters: number): Float32Array {
  const result = new Float32Array(data.length);
  let at = 0;
  for (let w = 0; w < width; w++)
    for (let c = 0; c < channels; c++)
      for (let f = 0; f < filters; f++) result[(f * channels + c) * width + w] = data[at++]!;
  return result;
}

interface OverTime {
  readonly padding: string;
  readonly width: number;
  readonly stride: number;
  readonly reversed: boolean;
}

/** Over time only what a stream can give: as many timesteps as come, and none that looks ahead. */
function checkCausal({ options, place }: LayerContext, { padding, width, stride, reversed }: OverTime): void {
  if (stride !== 1) throw options.unsupported('strides', stride, '1 over time');
  if (padding !== 'causal' && width > 1) {
    const why = padding === 'valid' ? 'gives fewer timesteps' : 'looks ahead';
    throw options.unsupported('padding', padding, `causal over time ("${padding}" ${why})`);
  }
  if (reversed && width > 1)
    throw new RivuletError('unsupported-operator', `${place}: it reads a sequence in reverse order`);
}

interface Window {
  readonly width: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Zeros on either side of a frame. */
function framePadding(
  { options }: LayerContext,
  padding: string,
  { width, stride, dilation }: Window,
): number {
  const reach = (width - 1) * dilation;
  if (padding === 'valid' || reach === 0) return 0;
  if (padding === 'same' && stride === 1 && reach % 2 === 0) return reach / 2;
  throw options.unsupported(
    'padding',
    padding,
    'valid, or same with stride 1 and an odd kernel, in a timestep',
  );
}

function frameOf({ frame, time }: Flow, place: string): readonly [width: number, channels: number] {
  if (time === 'none' && frame.length === 2) return [frame[0]!, frame[1]!];
  throw new RivuletError(
    'unsupported-operator',
    `${place}: it reads [${frame.join(', ')}]; supported is a sequence of vectors, or [width, channels] in a timestep`,
  );
}

function pooling(operation: 'max' | 'average'): Layer {
  return (context) => {
    const { options, builder, className, name, place } = context;
    options.only('channels_last', 'data_format');
    options.only('valid', 'padding', 'border_mode');
    const kernel = size(context, 2, 'pool_size', 'pool_length');
    const stride = size(context, kernel, 'strides', 'stride');
    const input = inputOf(context);
    const [width, channels] = frameOf(input, place);
    builder.add(
      { name, type: 'frame-pooling', input: input.from, operation, channels, kernel, stride },
      className,
    );
    return { ...input, from: name, frame: [Math.floor((width - kernel) / stride) + 1, channels] };
  };
}

export const maxPooling = pooling('max');
export const averagePooling = pooling('average');

/** Over all timesteps: complete at the last. */
function globalPooling(operation: 'max' | 'mean'): Layer {
  return (context) => {
    const { options, builder, className, name, place } = context;
    options.only('channels_last', 'data_format');
    options.only(false, 'keepdims');
    const input = inputOf(context);
    if (input.time !== 'each')
      throw new RivuletError('unsupported-operator', `${place}: supported is a sequence, over time`);
    vectorSize(input, place);
    builder.add({ name, type: 'time-pooling', input: input.from, operation }, className);
    return { ...input, from: name, time: 'last', reversed: false };
  };
}

export const globalMaxPooling = globalPooling('max');
export const globalAveragePooling = globalPooling('mean');
