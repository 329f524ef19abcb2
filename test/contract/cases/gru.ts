import type { GruNode } from '../../../src/graph/definition.ts';
import { features, title, type Variant, variant } from '../variant.ts';
import { GATE_ACTIVATIONS } from './activation.ts';
import { BIASES, recurrentVariants } from './recurrent.ts';

type Options = Omit<GruNode, 'type' | 'name' | 'input' | 'tensors' | 'resetAfter'>;

export const gru: readonly Variant[] = [true, false].flatMap((resetAfter) => {
  const form = resetAfter ? 'after' : 'before';
  const of = (what: string, hidden: number, options: Options, roles: readonly string[] = BIASES) =>
    variant(`${form} 3→${hidden} ${what}`, features(3), (draft) =>
      draft.cell('gru', 'cell', 3, hidden, { resetAfter, ...options }, roles),
    );
  return [
    ...recurrentVariants(form, BIASES, ['h0'], (draft, inputs, hidden, fields, roles) =>
      draft.cell('gru', 'cell', inputs, hidden, { resetAfter, ...fields }, roles),
    ),
    ...GATE_ACTIVATIONS.flatMap((activation) => {
      const name = title(activation);
      return [
        of(`with candidate ${name}`, 17, { candidateActivation: activation }),
        ...(isGate(activation) ? [of(`with gates ${name}`, 7, { gateActivation: activation })] : []),
      ];
    }),
    of('with a gate clip', 17, { gateClip: 0.5 }),
    of('with a gate clip, without biases', 7, { gateClip: 0.5 }, []),
    of('hard sigmoid, both', 17, { gateActivation: 'hard-sigmoid', direction: 'both' }, [...BIASES, 'h0']),
    of('hard sigmoid and relu, backward', 7, {
      gateActivation: 'hard-sigmoid',
      candidateActivation: 'relu',
      direction: 'backward',
    }),
    of('hard sigmoid and a clip', 33, { gateActivation: 'hard-sigmoid', gateClip: 1 }, ['bias_hh']),
  ];
});

/** With z far from 0 … 1 the state grows from timestep to timestep. */
function isGate(activation: (typeof GATE_ACTIVATIONS)[number]): boolean {
  const name = typeof activation === 'string' ? activation : activation.type;
  return ['sigmoid', 'hard-sigmoid', 'softsign'].includes(name);
}
