import { RivuletError, show } from '../../errors.ts';

/** An option of a loss. */
export interface LossOption<Value> {
  /** null for none. */
  readonly byDefault: Exclude<Value, undefined>;
  /** What it must be, in words. */
  readonly expected: string;
  holds(value: unknown): boolean;
  /** Whether it fits a model of so many outputs; said in words where it does not. */
  misfit?(value: Exclude<Value, undefined>, outputs: number): string | undefined;
}

/** A finite number. */
export function real(
  byDefault: number,
  words: string,
  holds: (value: number) => boolean,
): LossOption<number | undefined> {
  return {
    byDefault,
    expected: `a number ${words}`,
    holds: (value) => typeof value === 'number' && Number.isFinite(value) && holds(value),
  };
}

/** A class, of the model's or above them. */
export function noClassByDefault(): LossOption<number | null | undefined> {
  return {
    byDefault: null,
    expected: `a class, an integer from 0 to ${2 ** 32 - 1}`,
    holds: isClass,
  };
}

/** One of the model's classes. */
export function classOfModel(byDefault: number): LossOption<number | undefined> {
  return {
    byDefault,
    expected: 'a class, an integer of at least 0',
    holds: isClass,
    misfit: (value, outputs) =>
      value < outputs ? undefined : `a class from 0 to ${outputs - 1}, which the output has, got ${value}`,
  };
}

/** Weights of classes or outputs, none of them negative, one of them positive. */
export function weightList(what: string): LossOption<readonly number[] | null | undefined> {
  return {
    byDefault: null,
    expected: `an array of numbers of at least 0, one for each ${what}, of which one is above 0`,
    holds: (value) => Array.isArray(value) && value.every(isWeight) && value.some((weight) => weight > 0),
    misfit: (value, outputs) => oneForEach(value, outputs, what),
  };
}

/** As weightList, or one number for all. */
export function weightOrList(what: string): LossOption<number | readonly number[] | null | undefined> {
  const list = weightList(what);
  return {
    byDefault: null,
    expected: `a number above 0, or ${list.expected}`,
    holds: (value) => (isWeight(value) && value > 0) || list.holds(value),
    misfit: (value, outputs) => (typeof value === 'number' ? undefined : list.misfit!(value, outputs)),
  };
}

/** @throws RivuletError `invalid-argument` */
export function readOption<Value>(
  option: LossOption<Value>,
  value: unknown,
  place: string,
): Exclude<Value, undefined> {
  if (value === undefined || (value === null && option.byDefault === null)) return option.byDefault;
  if (option.holds(value)) return (Array.isArray(value) ? [...value] : value) as Exclude<Value, undefined>;
  throw new RivuletError('invalid-argument', `${place} must be ${option.expected}, got ${show(value)}`);
}

function isClass(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
}

function isWeight(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOST;
}

/** Beyond it float32 is infinite. */
const MOST = 3.4e38;

function oneForEach(values: readonly number[] | null, outputs: number, what: string): string | undefined {
  if (values === null || values.length === outputs) return undefined;
  return `${outputs} numbers, one for each ${what} of the model, got ${values.length}`;
}
