import { features, type Variant, variant } from '../variant.ts';

/**
 * The node has no effect in a session, and with rate 0 none in training: what its masks do is in
 * test/train/dropout.test.ts.
 */
export const dropout: readonly Variant[] = [0, 0.5].flatMap((rate) =>
  [1, 17].map((size) =>
    variant(
      `rate ${rate} of ${size}`,
      features(3),
      (draft) => {
        draft.dense('lead', 3, size);
        draft.add({ type: 'dropout', name: 'node', input: draft.last, rate });
        draft.dense('head', size, 7);
      },
      rate === 0 ? {} : { untrained: 'its masks are random' },
    ),
  ),
);
