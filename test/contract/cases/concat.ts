import { features, type Variant, variant } from '../variant.ts';
import { leads } from './merging.ts';

export const concat: readonly Variant[] = [
  ...[
    [1, 1],
    [3, 7],
    [16, 16],
    [16, 5],
    [5, 16],
    [7, 17, 3],
    [15, 1, 33, 2],
  ].map((sizes) =>
    variant(sizes.join(' and '), features(3), (draft) => {
      draft.add({ type: 'concat', name: 'node', inputs: leads(draft, 3, sizes) });
    }),
  ),
  variant('one of 7 twice, read by a cell', features(3), (draft) => {
    draft.dense('a', 3, 7).add({ type: 'concat', name: 'node', inputs: ['a', 'input', 'a'] });
    draft.cell('gru', 'cell', 17, 7, { resetAfter: true });
  }),
];
