import { RivuletError, show } from '../errors.ts';
import type { Fields } from '../graph/fields.ts';

/** What a number may be, in words and as a test. */
export type Range = readonly [words: string, holds: (value: number) => boolean];

export const POSITIVE: Range = ['above 0', (x) => x > 0 && x < Infinity];
export const NOT_NEGATIVE: Range = ['of at least 0', (x) => x >= 0 && x < Infinity];
export const BELOW_ONE: Range = ['of at least 0 and below 1', (x) => x >= 0 && x < 1];
export const BETWEEN: Range = ['above 0 and below 1', (x) => x > 0 && x < 1];

/** @throws RivuletError `invalid-argument`, naming the field */
export function number(
  fields: Fields,
  name: string,
  byDefault: number | undefined,
  [words, holds]: Range,
): number {
  const value = fields.value(name) ?? byDefault;
  if (typeof value === 'number' && holds(value)) return value;
  throw new RivuletError(
    'invalid-argument',
    `${fields.place}: ${name} must be a number ${words}, got ${show(value)}`,
  );
}

/** A bound: above 0, Infinity for none. */
export function bound(fields: Fields, name: string, byDefault: number): number {
  const value = fields.value(name) ?? byDefault;
  return value === Infinity ? Infinity : number(fields, name, byDefault, POSITIVE);
}

/** @throws RivuletError `invalid-argument`, naming the field */
export function integer(fields: Fields, name: string, least: number, byDefault: number | undefined): number {
  const value = fields.value(name) ?? byDefault;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new RivuletError(
    'invalid-argument',
    `${fields.place}: ${name} must be an integer of at least ${least}, got ${show(value)}`,
  );
}
