import { RivuletError } from '../errors.ts';
import type { AttentionNode } from '../graph/definition.ts';
import { describe } from '../graph/fields.ts';
import { apply, type VectorLayer } from './apply.ts';
import type { NameOption } from './pointwise.ts';
import { checkValue, type Vector } from './value.ts';

/** The sum of values of one size. */
export function add(values: readonly Vector[], options: NameOption = {}): Vector {
  return merge('add', values, options);
}

/** a minus b, of one size. */
export function sub(a: Vector, b: Vector, options: NameOption = {}): Vector {
  return merge('sub', [a, b], options);
}

/** a divided by b, element by element, of one size. */
export function div(a: Vector, b: Vector, options: NameOption = {}): Vector {
  return merge('div', [a, b], options);
}

/** The elementwise product of values of one size. */
export function mul(values: readonly Vector[], options: NameOption = {}): Vector {
  return merge('mul', values, options);
}

/** Values one behind the other. */
export function concat(values: readonly Vector[], options: NameOption = {}): Vector {
  return merge('concat', values, options);
}

function merge(
  type: 'add' | 'sub' | 'mul' | 'div' | 'concat',
  values: readonly Vector[],
  { name, ...fields }: NameOption,
): Vector {
  if (!Array.isArray(values)) {
    throw new RivuletError('invalid-argument', `${type} takes an array of values, got ${describe(values)}`);
  }
  return apply({ call: type, type, name, reads: values, fields });
}

export type AttentionOptions = NameOption & Pick<AttentionNode, 'scale'>;

/** A layer of queries: dot attention over `memory`, a value of the encoder of their size (see `AttentionNode`). */
export function attention(memory: Vector, { name, ...fields }: AttentionOptions = {}): VectorLayer {
  checkValue('attention', memory);
  return (query) => apply({ call: 'attention', type: 'attention', name, reads: [query], fields, memory });
}
