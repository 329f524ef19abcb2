/** Layers that read several values. */
import { RivuletError, show } from '../../../errors.ts';
import type { Flow } from '../builder.ts';
import { checkLastAxis, checkSameTime, type Layer, type LayerContext, vectorSize } from './context.ts';

function checkMerge({ inputs, place }: LayerContext): Flow {
  if (inputs.length < 2)
    throw new RivuletError('unsupported-operator', `${place}: it reads one value; supported are several`);
  checkSameTime(inputs, place);
  return inputs[0]!;
}

/** Values of one shape. */
function elementwise(type: 'add' | 'sub' | 'mul'): Layer {
  return (context) => {
    const { builder, className, inputs, name, place } = context;
    const first = checkMerge(context);
    const other = inputs.find(({ frame }) => frame.join() !== first.frame.join());
    if (other) {
      throw new RivuletError(
        'unsupported-operator',
        `${place}: ${show(first.from)} is [${first.frame.join(', ')}] each timestep and ${show(other.from)} ` +
          `[${other.frame.join(', ')}]; supported are values of one shape`,
      );
    }
    builder.add({ name, type, inputs: inputs.map(({ from }) => from) }, className);
    return { ...first, from: name };
  };
}

export const add = elementwise('add');
export const subtract = elementwise('sub');
export const multiply = elementwise('mul');

export const concatenate: Layer = (context) => {
  const { builder, className, inputs, name, place } = context;
  const first = checkMerge(context);
  checkLastAxis(context, first);
  const size = inputs.reduce((sum, flow) => sum + vectorSize(flow, place), 0);
  builder.add({ name, type: 'concat', inputs: inputs.map(({ from }) => from) }, className);
  return { ...first, from: name, frame: [size] };
};

/** A sum, and its product with 1 / n. */
export const average: Layer = (context) => {
  const { builder, inputs, name, place } = context;
  const first = checkMerge(context);
  const size = vectorSize(first, place);
  if (inputs.some((flow) => vectorSize(flow, place) !== size))
    throw new RivuletError('unsupported-operator', `${place}: supported are values of one size`);
  const sum = `${name}.sum`;
  const share = new Float32Array(size).fill(1 / inputs.length);
  const weight = builder.tensor(`${name}.weight`, [size], share);
  builder.add({ name: sum, type: 'add', inputs: inputs.map(({ from }) => from) }, 'Average, its sum');
  builder.add({ name, type: 'affine', input: sum, tensors: { weight } }, 'Average, its quotient');
  return { ...first, from: name };
};

/** Keras 1 has one layer for all. */
export const merge: Layer = (context) => {
  const mode = context.options.value('mode');
  const axis = context.options.value('concat_axis');
  for (const field of [
    'mode_type',
    'dot_axes',
    'output_shape',
    'output_shape_type',
    'output_mask',
    'output_mask_type',
    'node_indices',
    'tensor_indices',
    'arguments',
    'layers',
  ])
    context.options.value(field);
  if (axis !== undefined && axis !== -1 && mode === 'concat')
    throw context.options.unsupported('concat_axis', axis, '-1');
  const modes: Readonly<Record<string, Layer>> = {
    concat: concatenate,
    sum: add,
    mul: multiply,
    ave: average,
  };
  if (typeof mode !== 'string' || !Object.hasOwn(modes, mode))
    throw context.options.unsupported('mode', mode, Object.keys(modes).join(', '));
  return modes[mode]!(context);
};
