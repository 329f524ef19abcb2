import { transposed } from '../../transposed.ts';
import { readActivation } from './activation.ts';
import { inputOf, type Layer, vectorSize } from './context.ts';

/** kernel: [inputs, units], bias: [units] */
export const dense: Layer = (context) => {
  const { options, arrays, builder, className, name, place } = context;
  const input = inputOf(context);
  const inputs = vectorSize(input, place);
  const units = options.integer('units', 'output_dim');
  const activation = readActivation(context, 'linear', 'activation');
  const hasBias = options.boolean(true, 'use_bias', 'bias');
  const kernel = arrays.take('kernel', 0, [inputs, units]);
  const weight = builder.tensor(`${name}.weight`, [units, inputs], transposed(kernel, inputs, units));
  const bias = hasBias && builder.tensor(`${name}.bias`, [units], arrays.take('bias', 1, [units]));
  builder.add(
    {
      name,
      type: 'dense',
      input: input.from,
      tensors: { weight, ...(bias && { bias }) },
      ...(activation !== null && { activation }),
    },
    className,
  );
  return { ...input, from: name, frame: [units] };
};
