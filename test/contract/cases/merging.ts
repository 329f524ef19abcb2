/** Nodes that read several values: of sizes around a panel, one value twice, values of cells. */
import { type Draft, features, type Variant, variant } from '../variant.ts';

export const SIZES = [1, 7, 16, 33];

/** Dense nodes `a`, `b`, … of the sizes, all of them of the input. */
export function leads(
  draft: Draft,
  inputs: number,
  sizes: readonly number[],
  activation: 'tanh' | 'sigmoid' = 'tanh',
): string[] {
  return sizes.map((size, n) => {
    draft.last = 'input';
    draft.dense('abcde'[n]!, inputs, size, { activation });
    return draft.last;
  });
}

export function elementwiseVariants(type: 'add' | 'mul'): Variant[] {
  return [
    ...SIZES.map((size) =>
      variant(`two of ${size}`, features(3), (draft) => {
        draft.add({ type, name: 'node', inputs: leads(draft, 3, [size, size]) });
      }),
    ),
    variant('three of 17', features(3), (draft) => {
      draft.add({ type, name: 'node', inputs: leads(draft, 3, [17, 17, 17]) });
    }),
    variant('one of 7 twice', features(3), (draft) => {
      draft
        .dense('a', 3, 7)
        .add({ type, name: 'node', inputs: ['a', 'a'] })
        .dense('head', 7, 3);
    }),
    variant('the input and a cell of it, and that again', features(7), (draft) => {
      draft.cell('lstm', 'cell', 7, 7, {}).add({ type, name: 'node', inputs: ['cell', 'input'] });
      draft.cell('gru', 'upper', 7, 7, { resetAfter: true });
      draft.add({ type, name: 'output', inputs: ['upper', 'node', 'cell'] });
    }),
  ];
}

/** Of nodes that tell their two values apart; both come from dense nodes with an activation. */
export function pairVariants(type: 'sub' | 'div', activation: 'tanh' | 'sigmoid'): Variant[] {
  return [
    ...SIZES.map((size) =>
      variant(`two of ${size}`, features(3), (draft) => {
        draft.add({ type, name: 'node', inputs: leads(draft, 3, [size, size], activation) });
      }),
    ),
    variant('a cell and a value of the input', features(5), (draft) => {
      const [divisor] = leads(draft, 5, [7], activation);
      draft.last = 'input';
      draft.cell('lstm', 'cell', 5, 7, {}).add({ type, name: 'node', inputs: ['cell', divisor!] });
      draft.cell('gru', 'upper', 7, 7, { resetAfter: true });
    }),
  ];
}
