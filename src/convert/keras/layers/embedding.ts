import { inputOf, type Layer } from './context.ts';

/** embeddings: [vocabulary, size] */
export const embedding: Layer = (context) => {
  const { options, arrays, builder, className, name, place } = context;
  const vocabulary = options.integer('input_dim');
  const size = options.integer('output_dim');
  if (options.boolean(false, 'mask_zero')) {
    builder.notes.add(
      `${place}: mask_zero is left out: Keras passes over timesteps of token 0, the padding; do not feed them`,
    );
  }
  const input = builder.tokens(inputOf(context), vocabulary, place);
  const data = arrays.take('embeddings', 0, [vocabulary, size]);
  const weight = builder.tensor(`${name}.weight`, [vocabulary, size], data);
  builder.add({ name, type: 'embedding', input: input.from, tensors: { weight } }, className);
  return { ...input, from: name, frame: [size] };
};
