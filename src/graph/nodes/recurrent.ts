import { RivuletError, show } from '../../errors.ts';
import type { GruNode, LstmNode, MinGruNode, MinLstmNode, RecurrentNode, RnnNode } from '../definition.ts';
import type { Fields } from '../fields.ts';
import { option } from './cell-options.ts';
import type { NodeHead } from './node-kind.ts';

export type CellNode = RnnNode | LstmNode | GruNode | MinGruNode | MinLstmNode;

/** What every cell has, read before its own options. */
type Common<N extends CellNode> = Pick<
  N,
  'name' | 'input' | 'type' | 'tensors' | 'direction' | 'merge' | 'initial'
>;

/** The blocks of `hidden` rows that the matrices of a cell have. */
export const GATES = { rnn: 1, gru: 3, lstm: 4 } as const;

export const RECURRENT_MATRICES = ['weight_ih', 'weight_hh'] as const;

/** The tensors of a cell by role: those that it must have, and those that it may have. */
export interface Roles {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}

export const RECURRENT_ROLES: Roles = {
  needed: RECURRENT_MATRICES,
  optional: ['bias_ih', 'bias_hh', 'h0'],
};

export const MINIMAL_ROLES: Roles = { needed: ['weight_ih'], optional: ['bias_ih', 'h0'] };

const DIRECTIONS = ['forward', 'backward', 'both'] as const;
const MERGES = ['concat', 'sum', 'mul', 'average'] as const;

/** The learned initial state of each state, by role. */
const INITIAL_ROLES = { h: 'h0', c: 'c0', 'reverse.h': 'h0_reverse', 'reverse.c': 'c0_reverse' } as const;

export function parseRecurrent<N extends CellNode>(
  type: N['type'],
  head: NodeHead<N>,
  fields: Fields,
  roles: Roles,
): Common<N> {
  const way: Pick<RecurrentNode, 'direction' | 'merge' | 'initial'> = {
    ...option(fields, 'direction', () => fields.oneOf('direction', DIRECTIONS)),
    ...option(fields, 'merge', () => fields.oneOf('merge', MERGES)),
    ...option(fields, 'initial', () => fields.stringRecord('initial')),
  };
  const { direction = 'forward', merge, initial } = way;
  if (merge !== undefined && direction !== 'both') {
    throw new RivuletError(
      'invalid-graph',
      `${fields.place}: merge ${show(merge)} joins the halves of direction "both", got direction ${show(direction)}`,
    );
  }
  const tensors = fields.object('tensors', (given) => parseRoles(given, roles, direction === 'both'));
  if (initial) refuseTwoBeginnings(fields.place, initial, tensors);
  // The roles are those of N; TypeScript cannot follow that through their names.
  return { ...head, type, tensors: tensors as unknown as N['tensors'], ...way };
}

/** Both halves of a node with direction `both` have the same roles; other nodes have no reverse ones. */
function parseRoles(fields: Fields, { needed, optional }: Roles, both: boolean): Record<string, string> {
  const tensors: Record<string, string> = {};
  for (const role of needed) tensors[role] = fields.name(role);
  for (const role of optional) if (fields.has(role)) tensors[role] = fields.name(role);
  for (const role of [...needed, ...optional]) {
    const reverse = `${role}_reverse`;
    const expected = both && tensors[role] !== undefined;
    if (fields.has(reverse) === expected) continue;
    throw new RivuletError(
      'invalid-graph',
      both
        ? `${fields.place}: both halves of a node with direction "both" have the same tensors, ` +
            `but of ${role} and ${reverse} there is only ${expected ? role : reverse}`
        : `${fields.place}: ${reverse} belongs to direction "both", which this node does not have`,
    );
  }
  if (both)
    for (const role of Object.keys(tensors)) tensors[`${role}_reverse`] = fields.name(`${role}_reverse`);
  return tensors;
}

function refuseTwoBeginnings(
  place: string,
  initial: Readonly<Record<string, string>>,
  tensors: Readonly<Record<string, string>>,
): void {
  for (const [state, role] of Object.entries(INITIAL_ROLES)) {
    if (!Object.hasOwn(initial, state) || tensors[role] === undefined) continue;
    throw new RivuletError(
      'invalid-graph',
      `${place}: the state ${show(state)} begins either with the tensor ${role} or with what "initial" names, got both`,
    );
  }
}

/** The attributes of a node: where it goes through time, and its own, of which those that it does not have are empty. */
export function cellAttributes(node: CellNode, own: readonly string[]): string {
  const { direction, merge, initial } = node;
  const way = direction === 'both' ? `both ${merge ?? 'concat'}` : direction === 'backward' ? direction : '';
  const begins = initial && Object.keys(initial).length > 0 ? `initial ${Object.keys(initial).sort()}` : '';
  return [...own, way, begins].filter((part) => part !== '').join(' ');
}
