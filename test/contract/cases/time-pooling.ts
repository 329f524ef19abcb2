import { features, type Variant, variant } from '../variant.ts';

export const timePooling: readonly Variant[] = (['max', 'sum', 'mean'] as const).flatMap((operation) => [
  ...[1, 7, 16, 33].map((size) =>
    variant(`${operation} of ${size}`, features(3), (draft) => {
      draft.dense('lead', 3, size);
      draft.add({ type: 'time-pooling', name: 'node', input: draft.last, operation });
    }),
  ),
  variant(`${operation} over a cell in both directions`, features(3), (draft) => {
    draft.cell('gru', 'cell', 3, 7, { resetAfter: true, direction: 'both' });
    draft.add({ type: 'time-pooling', name: 'node', input: draft.last, operation });
    draft.dense('head', 14, 3);
  }),
]);
