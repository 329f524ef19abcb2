import { features, title, type Variant, variant } from '../variant.ts';
import { GATE_ACTIVATIONS } from './activation.ts';
import { BIASES, recurrentVariants } from './recurrent.ts';

export const rnn: readonly Variant[] = [
  ...recurrentVariants('tanh', BIASES, ['h0'], (draft, inputs, hidden, fields, roles) =>
    draft.cell('rnn', 'cell', inputs, hidden, { nonlinearity: 'tanh', ...fields }, roles),
  ),
  ...recurrentVariants('softsign', BIASES, ['h0'], (draft, inputs, hidden, fields, roles) =>
    draft.cell('rnn', 'cell', inputs, hidden, { nonlinearity: 'softsign', ...fields }, roles),
  ),
  ...GATE_ACTIVATIONS.map((nonlinearity) =>
    variant(`${title(nonlinearity)} 3→17, then dense`, features(3), (draft) =>
      draft.cell('rnn', 'cell', 3, 17, { nonlinearity }).dense('head', 17, 5),
    ),
  ),
  variant('tanh and relu, a stack', features(3), (draft) =>
    draft
      .cell('rnn', 'lower', 3, 17, { nonlinearity: 'tanh', direction: 'both' })
      .cell('rnn', 'upper', 34, 7, { nonlinearity: 'relu' })
      .dense('head', 7, 3),
  ),
];
