import { features, type Variant, variant } from '../variant.ts';

export const slice: readonly Variant[] = [
  ...[
    [1, 0, 1],
    [7, 0, 7],
    [7, 3, 4],
    [33, 16, 17],
    [33, 16, 16],
    [33, 5, 20],
    [33, 32, 1],
    [40, 13, 5],
  ].map(([whole, start, size]) =>
    variant(`${start} to ${start! + size!} of ${whole}`, features(3), (draft) => {
      draft.dense('lead', 3, whole!);
      draft.add({ type: 'slice', name: 'node', input: draft.last, start: start!, size: size! });
    }),
  ),
  variant('two that overlap', features(3), (draft) => {
    draft.dense('lead', 3, 17);
    draft.add({ type: 'slice', name: 'left', input: 'lead', start: 0, size: 9 });
    draft.add({ type: 'slice', name: 'right', input: 'lead', start: 7, size: 9 });
    draft.add({ type: 'mul', name: 'gated', inputs: ['left', 'right'] });
    draft.cell('gru', 'cell', 9, 7, { resetAfter: false });
  }),
];
