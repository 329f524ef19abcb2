import { features, title, type Variant, variant } from '../variant.ts';
import { ACTIVATIONS } from './activation.ts';
import { SIZES } from './recurrent.ts';

export const dense: readonly Variant[] = [
  ...SIZES.map(([inputs, units]) =>
    variant(`${inputs}→${units}`, features(inputs), (draft) => draft.dense('dense', inputs, units)),
  ),
  variant('17→7 without bias', features(17), (draft) => {
    const weight = draft.tensor('weight', [7, 17], 0.5);
    draft.add({ type: 'dense', name: 'dense', input: draft.last, tensors: { weight } });
  }),
  ...ACTIVATIONS.map((activation) =>
    variant(`7→17 with ${title(activation)}`, features(7), (draft) =>
      draft.dense('dense', 7, 17, { activation }),
    ),
  ),
  variant('3→7→1', features(3), (draft) =>
    draft.dense('hidden', 3, 7, { activation: 'relu' }).dense('head', 7, 1),
  ),
];
