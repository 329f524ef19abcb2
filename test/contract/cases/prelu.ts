import { features, type Variant, variant } from '../variant.ts';

export const prelu: readonly Variant[] = [1, 7, 16, 33].map((size) =>
  variant(`of ${size}`, features(3), (draft) => {
    draft.dense('lead', 3, size);
    const tensors = { weight: draft.tensor('weight', [size], 0.5) };
    draft.add({ type: 'prelu', name: 'node', input: draft.last, tensors });
    draft.dense('head', size, 3);
  }),
);
