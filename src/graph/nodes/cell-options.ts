import { activationText, parseGateActivation } from '../activation.ts';
import type { GateActivation } from '../definition.ts';
import type { Fields } from '../fields.ts';

/** A bound beyond these is either none or leaves nothing. */
const CLIP = { min: 1e-6, max: 1e6 } as const;

type Option<F extends string, T> = { readonly [K in F]?: T };

/** The activation within a cell that the field names, where it is there. */
export function parseActivationOption<F extends string>(fields: Fields, field: F): Option<F, GateActivation> {
  return option(fields, field, () => parseGateActivation(fields, field));
}

/** The bound of a clip, where the field is there. */
export function parseClip<F extends string>(fields: Fields, field: F): Option<F, number> {
  return option(fields, field, () => fields.number(field, CLIP.min, CLIP.max));
}

/** A field that may be absent, as part of a node. */
export function option<F extends string, T>(fields: Fields, field: F, read: () => T): Option<F, T> {
  return (fields.has(field) ? { [field]: read() } : {}) as Option<F, T>;
}

/** Of the attributes of a node: an activation where it is another than the usual one, else nothing. */
export function unusual(name: string, activation: GateActivation | undefined, usual: GateActivation): string {
  const text = activationText(activation ?? usual);
  return text === activationText(usual) ? '' : `${name} ${text}`;
}

/** Of the attributes of a node: a number where it is given, else nothing. */
export function given(name: string, value: number | undefined): string {
  return value === undefined ? '' : `${name} ${value}`;
}
