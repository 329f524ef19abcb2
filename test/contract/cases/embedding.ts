import { tokens, type Variant, variant } from '../variant.ts';

export const embedding: readonly Variant[] = [
  ...[1, 7, 16, 33].map((size) =>
    variant(`11 tokens of ${size}`, tokens(11), (draft) => draft.embedding('embedding', 11, size)),
  ),
  variant(
    'a model of 7 tokens',
    tokens(7),
    (draft) =>
      draft
        .embedding('embedding', 7, 5)
        .cell('gru', 'cell', 5, 17, { resetAfter: true })
        .dense('head', 17, 7),
    { loss: 'cross-entropy' },
  ),
];
