/** Layers that give what they read: those of training, and shapes that are the same numbers in the same order. */
import { RivuletError } from '../../../errors.ts';
import { describe } from '../../../graph/fields.ts';
import type { Flow } from '../builder.ts';
import { inputOf, type Layer, type LayerContext, leaveOutMask, sizeOf } from './context.ts';

function passThrough({ builder, className, name }: LayerContext, flow: Flow, why: string): Flow {
  builder.folded.push(`${name} (${className}): ${why}`);
  return flow;
}

/** Options of noise and penalties matter to training alone. */
export const trainingOnly: Layer = (context) => {
  for (const field of ['rate', 'p', 'stddev', 'sigma', 'l1', 'l2']) context.options.value(field);
  return passThrough(context, inputOf(context), 'acts in training only');
};

/** Our node drops in fine-tuning too. */
export const dropout: Layer = (context) => {
  const { builder, className, name, options } = context;
  const rate = options.number(0, 'rate', 'p');
  const input = inputOf(context);
  if (builder.isInput(input) && input.frame.length === 0) return trainingOnly(context);
  if (!(rate > 0 && rate <= 0.9)) return passThrough(context, input, 'acts in training only');
  builder.add({ name, type: 'dropout', input: input.from, rate }, className);
  return { ...input, from: name };
};

export const masking: Layer = (context) => {
  const value = context.options.number(0, 'mask_value');
  leaveOutMask(context, 'its mask', `timesteps whose values are all ${value}`);
  return passThrough(context, inputOf(context), 'its mask is left out');
};

export const flatten: Layer = (context) => {
  const input = inputOf(context);
  context.options.only('channels_last', 'data_format');
  if (input.time === 'each') {
    throw new RivuletError(
      'unsupported-operator',
      `${context.place}: it joins all timesteps into one value; supported is within a timestep (TimeDistributed)`,
    );
  }
  return { ...passThrough(context, input, 'the same numbers'), frame: [sizeOf(input)] };
};

/** Time stays as it is, and the values of a timestep stay together. */
export const reshape: Layer = (context) => {
  const { options, place } = context;
  const input = inputOf(context);
  const target = options.value('target_shape');
  if (!Array.isArray(target) || !target.every((size) => Number.isSafeInteger(size)))
    throw new RivuletError('invalid-file', `${place}: target_shape is ${describe(target)}`);
  const shape = target as readonly number[];
  const frame = input.time === 'each' ? shape.slice(1) : shape;
  const size = sizeOf(input);
  const known = frame.filter((value) => value > 0).reduce((product, value) => product * value, 1);
  // One -1 is what is left over: of a sequence its timesteps, else a size.
  const open = shape.filter((value) => value === -1).length;
  const isSame = frame.includes(-1) ? input.time !== 'each' && size % known === 0 : known === size;
  if (!isSame || open > 1 || frame.length === 0) {
    throw options.unsupported('target_shape', JSON.stringify(shape), 'one that keeps the timesteps, [-1, …]');
  }
  const result = frame.map((value) => (value === -1 ? size / known : value));
  return { ...passThrough(context, input, 'the same numbers'), frame: result };
};
