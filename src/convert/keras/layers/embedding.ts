import { inputOf, type Layer, leaveOutMask } from './context.ts';

/** embeddings: [vocabulary, size] */
export const embedding: Layer = (context) => {
  const { options, arrays, builder, className, name, place } = context;
  const vocabulary = options.integer('input_dim');
  const size = options.integer('output_dim');
  if (options.boolean(false, 'mask_zero')) leaveOutMask(context, 'mask_zero', 'timesteps of token 0');
  const input = builder.tokens(inputOf(context), vocabulary, place);
  const data = arrays.take('embeddings', 0, [vocabulary, size]);
  const weight = builder.tensor(`${name}.weight`, [vocabulary, size], data);
  builder.add({ name, type: 'embedding', input: input.from, tensors: { weight } }, className);
  return { ...input, from: name, frame: [size] };
};
