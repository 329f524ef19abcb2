import { type Draft, features, type Variant, variant } from '../variant.ts';

/** What a state remembers: nodes before it, behind it, itself; cells spelt out in plain nodes. */
export const state: readonly Variant[] = [
  ...[1, 7, 16, 33].map((size) =>
    variant(`a value of ${size} one timestep late`, features(3), (draft) => {
      draft.dense('lead', 3, size);
      remember(draft, 'node', 'lead', size);
    }),
  ),
  variant('an input one timestep late', features(5), (draft) => {
    remember(draft, 'late', 'input', 5);
    draft.dense('head', 5, 3);
  }),
  variant('a learned value that stays as it is', features(3), (draft) => {
    const initial = draft.tensor('node.initial', [3], 1);
    draft.add({ type: 'state', name: 'node', input: 'node', size: 3, tensors: { initial } });
    draft.add({ type: 'mul', name: 'scaled', inputs: ['node', 'input'] });
    draft.dense('head', 3, 2);
  }),
  variant('a chain of three', features(3), (draft) => {
    draft.dense('lead', 3, 4);
    remember(draft, 'first', 'lead', 4);
    remember(draft, 'second', 'first', 4);
    remember(draft, 'third', 'second', 4);
    draft.add({ type: 'concat', name: 'all', inputs: ['lead', 'first', 'second', 'third'] });
  }),
  ...[
    [3, 7],
    [17, 33],
  ].map(([inputs, hidden]) =>
    variant(`an Elman cell ${inputs}→${hidden} of plain nodes`, features(inputs!), (draft) => {
      draft.dense('x', inputs!, hidden!);
      const initial = draft.tensor('h.initial', [hidden!], 0.5);
      draft.add({ type: 'state', name: 'h', input: 'new', size: hidden!, tensors: { initial } });
      draft.dense('recurrent', hidden!, hidden!);
      draft.add({ type: 'add', name: 'sum', inputs: ['x', 'recurrent'] });
      draft.add({ type: 'activation', name: 'new', input: 'sum', activation: 'tanh' });
      draft.dense('head', hidden!, 2);
    }),
  ),
  variant('an LSTM of plain nodes between two cells', features(3), (draft) => {
    draft.cell('gru', 'lower', 3, 5, { resetAfter: true });
    lstmOfNodes(draft, 5, 6);
    draft.cell('lstm', 'upper', 6, 4, {});
  }),
  variant('two loops that overlap', features(3), (draft) => {
    draft.add({ type: 'state', name: 'a', input: 'left', size: 4, tensors: {} });
    draft.add({ type: 'state', name: 'b', input: 'right', size: 4, tensors: {} });
    draft.last = 'input';
    draft.dense('lead', 3, 4);
    draft.add({ type: 'add', name: 'left', inputs: ['lead', 'b'] });
    draft.dense('turned', 4, 4);
    draft.add({ type: 'add', name: 'right', inputs: ['turned', 'a'] });
    draft.add({ type: 'activation', name: 'soft', input: 'right', activation: 'softsign' });
  }),
  variant('around a cell and norms', features(3), (draft) => {
    draft.add({ type: 'state', name: 'fed', input: 'head', size: 3, tensors: {} });
    draft.add({ type: 'add', name: 'mixed', inputs: ['input', 'fed'] });
    draft.cell('lstm', 'cell', 3, 7, {});
    draft.add({ type: 'layernorm', name: 'norm', input: 'cell', tensors: {} });
    draft.dense('head', 7, 3);
  }),
];

function remember(draft: Draft, name: string, input: string, size: number): void {
  draft.add({ type: 'state', name, input, size, tensors: {} });
}

/** As an exporter spells it: the products of x and h, split, activated, multiplied. */
function lstmOfNodes(draft: Draft, inputs: number, hidden: number): void {
  draft.dense('x', inputs, 4 * hidden);
  remember(draft, 'h', 'y', hidden);
  draft.dense('recurrent', hidden, 4 * hidden);
  remember(draft, 'c', 'next', hidden);
  draft.add({ type: 'add', name: 'sums', inputs: ['x', 'recurrent'] });
  ['i', 'f', 'o', 'g'].forEach((gate, block) => {
    draft.add({ type: 'slice', name: `${gate}sum`, input: 'sums', start: block * hidden, size: hidden });
    draft.add({
      type: 'activation',
      name: gate,
      input: `${gate}sum`,
      activation: gate === 'g' ? 'tanh' : 'sigmoid',
    });
  });
  draft.add({ type: 'mul', name: 'kept', inputs: ['f', 'c'] });
  draft.add({ type: 'mul', name: 'written', inputs: ['i', 'g'] });
  draft.add({ type: 'add', name: 'next', inputs: ['kept', 'written'] });
  draft.add({ type: 'activation', name: 'shaped', input: 'next', activation: 'tanh' });
  draft.add({ type: 'mul', name: 'y', inputs: ['o', 'shaped'] });
}
