import { checkLastAxis, inputOf, type Layer, type LayerContext, vectorSize } from './context.ts';

interface Scaling {
  readonly weight?: string;
  readonly bias?: string;
  /** How many arrays stand before the others of the layer. */
  readonly count: number;
}

/** gamma and beta, [channels], where the options say so. */
function takeScaling({ options, arrays, builder, name }: LayerContext, channels: number): Scaling {
  const hasScale = options.boolean(true, 'scale');
  const hasCenter = options.boolean(true, 'center');
  const take = (role: string, tensor: string, position: number) =>
    builder.tensor(`${name}.${tensor}`, [channels], arrays.take(role, position, [channels]));
  return {
    ...(hasScale && { weight: take('gamma', 'weight', 0) }),
    ...(hasCenter && { bias: take('beta', 'bias', hasScale ? 1 : 0) }),
    count: Number(hasScale) + Number(hasCenter),
  };
}

export const layerNormalization: Layer = (context) => {
  const { options, builder, className, name, place } = context;
  const input = inputOf(context);
  checkLastAxis(context, input);
  options.only(false, 'rms_scaling');
  const epsilon = options.number(1e-3, 'epsilon');
  const { count: _, ...tensors } = takeScaling(context, vectorSize(input, place));
  builder.add({ name, type: 'layernorm', input: input.from, tensors, epsilon }, className);
  return { ...input, from: name };
};

/** With the statistics of its training. */
export const batchNormalization: Layer = (context) => {
  const { options, arrays, builder, className, name } = context;
  const input = inputOf(context);
  checkLastAxis(context, input);
  // Keras 1: 0 is with the statistics of the training.
  options.only(0, 'mode');
  const epsilon = options.number(1e-3, 'epsilon');
  const channels = input.frame.at(-1)!;
  const { count, ...scaling } = takeScaling(context, channels);
  const take = (role: string, tensor: string, position: number) =>
    builder.tensor(`${name}.${tensor}`, [channels], arrays.take(role, position, [channels]));
  const tensors = {
    ...scaling,
    running_mean: take('moving_mean', 'running_mean', count),
    running_var: take('moving_variance', 'running_var', count + 1),
  };
  builder.add({ name, type: 'batchnorm', input: input.from, tensors, epsilon }, className);
  return { ...input, from: name };
};
