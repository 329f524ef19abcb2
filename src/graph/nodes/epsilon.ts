import type { Fields } from '../fields.ts';

/** What a normalisation adds to a variance where the node does not say. */
export const EPSILON = 1e-5;

/** Of a value that is constant the variance is 0: without an epsilon its inverse would be infinite. */
const SMALLEST_EPSILON = 1e-12;

/** The field `epsilon`, where it is there. */
export function parseEpsilon(fields: Fields): { readonly epsilon?: number } {
  return fields.has('epsilon') ? { epsilon: fields.number('epsilon', SMALLEST_EPSILON, 1) } : {};
}
