/** What all cells have in common: sizes, biases, directions and merges, a learned initial state. */
import { type Draft, features, type Variant, variant } from '../variant.ts';

/** Adds the node `cell` of a type. */
export type AddCell = (
  draft: Draft,
  inputs: number,
  hidden: number,
  fields: Directed,
  roles: readonly string[],
) => void;

type Directed = {
  readonly direction?: 'backward' | 'both';
  readonly merge?: 'concat' | 'sum' | 'mul' | 'average';
};

export const SIZES = [
  [1, 1],
  [3, 7],
  [17, 33],
  [33, 17],
  [5, 16],
] as const;

/** biases: the roles of biases that the cell has; states: those of its initial states. */
export function recurrentVariants(
  name: string,
  biases: readonly string[],
  states: readonly string[],
  add: AddCell,
): Variant[] {
  const of = (what: string, inputs: number, hidden: number, fields: Directed, roles: readonly string[]) =>
    variant(`${name} ${inputs}→${hidden}${what}`, features(inputs), (draft) =>
      add(draft, inputs, hidden, fields, roles),
    );
  return [
    ...SIZES.map(([inputs, hidden]) => of('', inputs, hidden, {}, biases)),
    of(' without biases', 3, 17, {}, []),
    ...biases.map((bias) => of(` with ${bias} alone`, 3, 7, {}, [bias])),
    of(' with initial states', 3, 17, {}, [...biases, ...states]),
    of(' backward', 3, 17, { direction: 'backward' }, [...biases, ...states]),
    of(' both', 3, 17, { direction: 'both' }, biases),
    of(' both', 5, 16, { direction: 'both', merge: 'concat' }, []),
    of(' sum', 7, 3, { direction: 'both', merge: 'sum' }, [...biases, ...states]),
    of(' mul', 3, 7, { direction: 'both', merge: 'mul' }, biases),
    of(' average', 3, 33, { direction: 'both', merge: 'average' }, biases),
  ];
}

export const BIASES = ['bias_ih', 'bias_hh'] as const;
