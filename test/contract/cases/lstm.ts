import type { LstmNode } from '../../../src/graph/definition.ts';
import { features, title, type Variant, variant } from '../variant.ts';
import { GATE_ACTIVATIONS } from './activation.ts';
import { BIASES, recurrentVariants } from './recurrent.ts';

type Options = Omit<LstmNode, 'type' | 'name' | 'input' | 'tensors'> & { readonly projected?: number };

const NORM_IH = ['norm_ih_weight', 'norm_ih_bias'];
const NORM_HH = ['norm_hh_weight', 'norm_hh_bias'];
const NORM_C = ['norm_c_weight', 'norm_c_bias'];
const NORMS = [...NORM_IH, ...NORM_HH, ...NORM_C];

const of = (what: string, hidden: number, options: Options, roles: readonly string[]): Variant =>
  variant(`3→${hidden} ${what}`, features(3), (draft) =>
    draft.cell('lstm', 'cell', 3, hidden, options, roles),
  );

/** One option at a time, and several that touch the same operations. */
const options: readonly Variant[] = [
  ...[7, 17, 33].map((hidden) => of('with peepholes', hidden, {}, [...BIASES, 'peephole'])),
  of('with peepholes, without biases', 7, {}, ['peephole']),
  ...[7, 17].map((hidden) => of('with coupled gates', hidden, { coupled: true }, BIASES)),
  of('with coupled gates and peepholes', 17, { coupled: true }, [...BIASES, 'peephole']),
  of('with a projection', 17, { projected: 3 }, [...BIASES, 'weight_hr']),
  of('with a projection', 7, { projected: 17 }, [...BIASES, 'weight_hr', 'h0', 'c0']),
  of('with a projection, both', 17, { projected: 5, direction: 'both' }, [...BIASES, 'weight_hr']),
  of('with a projection, backward', 17, { projected: 7, direction: 'backward' }, [...BIASES, 'weight_hr']),
  of('with a cell clip', 17, { cellClip: 0.25 }, BIASES),
  of('with a gate clip', 17, { gateClip: 0.5 }, BIASES),
  of('with layer norms', 7, {}, [...BIASES, ...NORMS]),
  of('with layer norms', 16, { epsilon: 1e-3 }, NORMS),
  of('with layer norms', 17, {}, [...BIASES, ...NORMS]),
  of('with layer norms without shifts', 17, {}, [
    ...BIASES,
    ...NORMS.filter((role) => role.endsWith('weight')),
  ]),
  of('with a layer norm of W x', 17, {}, [...BIASES, ...NORM_IH]),
  of('with a layer norm of U h', 17, {}, [...BIASES, ...NORM_HH]),
  of('with a layer norm of c', 17, {}, [...BIASES, ...NORM_C]),
  of('with layer norms and coupled gates', 17, { coupled: true }, [...BIASES, ...NORMS]),
  of('with layer norms, both', 7, { direction: 'both' }, [...BIASES, ...NORMS]),
  of('with peepholes, both', 17, { direction: 'both' }, [...BIASES, 'peephole', 'h0', 'c0']),
  of('with coupled gates, backward', 17, { direction: 'backward', coupled: true }, [...BIASES, 'c0']),
  of('with everything', 17, { ...everything(), projected: 5 }, everythingRoles()),
  of(
    'with everything, both',
    7,
    { ...everything(), projected: 5, direction: 'both', merge: 'sum' },
    everythingRoles(),
  ),
  of(
    'with everything, coupled',
    17,
    { ...everything(), coupled: true },
    everythingRoles().filter((r) => r !== 'weight_hr'),
  ),
];

function everything(): Options {
  return {
    cellClip: 0.5,
    gateClip: 1.5,
    gateActivation: { type: 'hard-sigmoid', alpha: 1 / 6, beta: 0.5 },
    candidateActivation: 'softsign',
    outputActivation: 'elu',
    epsilon: 1e-3,
  };
}

function everythingRoles(): string[] {
  return [...BIASES, ...NORMS, 'peephole', 'weight_hr', 'h0', 'c0'];
}

export const lstm: readonly Variant[] = [
  ...recurrentVariants('plain', BIASES, ['h0', 'c0'], (draft, inputs, hidden, fields, roles) =>
    draft.cell('lstm', 'cell', inputs, hidden, fields, roles),
  ),
  ...options,
  ...GATE_ACTIVATIONS.flatMap((activation) => {
    const name = title(activation);
    return [
      // Gates without a bound magnify c.
      of(`with gates ${name}`, 7, { gateActivation: activation, cellClip: 0.5 }, BIASES),
      of(`with candidate ${name}`, 17, { candidateActivation: activation }, BIASES),
      of(`with output ${name}`, 17, { outputActivation: activation }, BIASES),
    ];
  }),
  variant('a stack, both directions, projected', features(3), (draft) =>
    draft
      .cell('lstm', 'lower', 3, 7, { direction: 'both', projected: 5 }, [...BIASES, 'weight_hr'])
      .cell('lstm', 'upper', 10, 17, { direction: 'both', merge: 'average' })
      .dense('head', 17, 3),
  ),
];
