import { features, title, type Variant, variant } from '../variant.ts';
import { GATE_ACTIVATIONS } from './activation.ts';
import { recurrentVariants } from './recurrent.ts';

export const mingru: readonly Variant[] = [
  ...recurrentVariants('plain', ['bias_ih'], ['h0'], (draft, inputs, hidden, fields, roles) =>
    draft.cell('mingru', 'cell', inputs, hidden, fields, roles),
  ),
  ...GATE_ACTIVATIONS.map((candidateActivation) =>
    variant(`3→17 with ${title(candidateActivation)}`, features(3), (draft) =>
      draft.cell('mingru', 'cell', 3, 17, { candidateActivation }, ['bias_ih']),
    ),
  ),
];
