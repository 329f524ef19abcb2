import type { Activation, GateActivation } from '../../../src/graph/definition.ts';
import { features, title, type Variant, variant } from '../variant.ts';

const ELEMENTWISE = [
  'sigmoid',
  'tanh',
  'relu',
  'hard-sigmoid',
  'leaky-relu',
  'elu',
  'softsign',
  'clip',
  { type: 'hard-sigmoid', alpha: 1 / 6, beta: 0.5 },
  { type: 'leaky-relu', alpha: 0.3 },
  { type: 'elu', alpha: 0.5 },
  { type: 'clip', low: -0.25, high: 0.75 },
] as const satisfies readonly Activation[];

/** Of cells. */
export const GATE_ACTIVATIONS: readonly GateActivation[] = [...ELEMENTWISE, 'identity'];
/** Of nodes. */
export const ACTIVATIONS: readonly Activation[] = [...ELEMENTWISE, 'softmax', 'log-softmax'];

const ofAnything = ACTIVATIONS.flatMap((each) =>
  [1, 7, 33].map((size) =>
    variant(`${title(each)} of ${size}`, features(3), (draft) => {
      draft.dense('lead', 3, size);
      draft.add({ type: 'activation', name: 'node', input: draft.last, activation: each });
    }),
  ),
);

/** Of values above 0. */
const roots = [1, 7, 33].map((size) =>
  variant(`sqrt of ${size}`, features(3), (draft) => {
    draft.dense('lead', 3, size, { activation: 'sigmoid' });
    draft.add({ type: 'activation', name: 'node', input: draft.last, activation: 'sqrt' });
  }),
);

export const activation: readonly Variant[] = [...ofAnything, ...roots];
