import { RivuletError } from '../errors.ts';
import type { GraphInput, GraphNode } from '../graph/definition.ts';
import { describe } from '../graph/fields.ts';
import { MAX_SIZE } from '../graph/limits.ts';
import type { Fill } from './initializers.ts';

/** An integer below `size` each timestep: an input, which an embedding reads. */
export interface Tokens {
  readonly kind: 'tokens';
  readonly size: number;
  /** @internal */
  readonly origin: Origin;
}

/** `size` float32 each timestep: an input, or what a layer gives. */
export interface Vector {
  readonly kind: 'features';
  readonly size: number;
  /** @internal */
  readonly origin: Origin;
  /** @internal The sizes of the states of the node that gives it: `{ h: 64, c: 64 }`. */
  readonly states: Readonly<Record<string, number>>;
}

/** A value of a graph that is built. A layer is a function from values to a value. */
export type Value = Tokens | Vector;

/** A state of a recurrent node of an encoder, or what one of its nodes gives, where its sequence ends. */
export type Ending = Vector | State;

export interface State {
  readonly kind: 'state';
  readonly size: number;
  /** @internal */
  readonly of: Vector;
  /** @internal `h`, `c`, `reverse.h` … */
  readonly name: string;
}

/** @internal Where a value comes from: an input of the graph, or a layer that was applied to other values. */
export type Origin = { readonly input: GraphInput } | Application;

/** @internal A tensor of a node and how it begins; zeros where nothing fills it. */
export interface Weight {
  readonly role: string;
  readonly shape: readonly number[];
  readonly fill?: Fill;
}

/** @internal How a node and its tensors are called where the usual names are not wanted. */
export interface Naming {
  readonly node: string;
  readonly tensor: (role: string) => string;
}

/** @internal A layer applied to values: what a node will be. */
export interface Application {
  /** As error messages name it: `lstm(256)`. */
  readonly call: string;
  readonly type: GraphNode['type'];
  readonly name: string | undefined;
  readonly naming: Naming | undefined;
  readonly reads: readonly Value[];
  /** Undefined for a type of node that has none. */
  readonly weights: readonly Weight[] | undefined;
  /** Fields of the node that are those of the graph's JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of an attention: the value of the encoder. */
  readonly memory: Vector | undefined;
  /** Of a recurrent node: what its states begin with. */
  readonly initial: Readonly<Record<string, Ending>> | undefined;
}

/** An input of a graph: a vector of `size` values each timestep. */
export function input(name: string, size: number): Vector {
  checkSize('input', 'size', size);
  return { kind: 'features', size, origin: inputOrigin(name, 'features', size), states: {} };
}

/** An input of a graph: an integer below `vocabulary` each timestep. */
export function tokens(name: string, vocabulary: number): Tokens {
  checkSize('tokens', 'vocabulary', vocabulary);
  return { kind: 'tokens', size: vocabulary, origin: inputOrigin(name, 'tokens', vocabulary) };
}

function inputOrigin(name: string, kind: GraphInput['kind'], size: number): Origin {
  if (typeof name === 'string' && name !== '') return { input: { name, kind, size } };
  throw new RivuletError('invalid-argument', `an input must have a name, got ${describe(name)}`);
}

/**
 * What the states of a recurrent layer of an encoder end with, by their names: `{ h, c }`, `{ h, 'reverse.h' }`. They are
 * what the states of a decoder may begin with: `lstm(64, { initial: statesOf(encoded) })`.
 *
 * @throws RivuletError `invalid-argument` for a value that no recurrent layer gives
 */
export function statesOf(value: Vector): { readonly h: State; readonly [name: string]: State } {
  checkValue('statesOf', value);
  // A program without types may bring tokens, which have none.
  if (value.states?.h === undefined) {
    throw new RivuletError(
      'invalid-argument',
      'statesOf: expected what a recurrent layer gives, which has states',
    );
  }
  const stateOf = (name: string): State => ({ kind: 'state', size: value.states[name]!, of: value, name });
  const states = Object.keys(value.states).map((name) => [name, stateOf(name)]);
  return { h: stateOf('h'), ...Object.fromEntries(states) };
}

/** @throws RivuletError `invalid-argument` */
export function checkValue(call: string, value: unknown): asserts value is Value {
  if (typeof value === 'object' && value !== null && 'origin' in value) return;
  throw new RivuletError(
    'invalid-argument',
    `${call} reads a value, which \`input\`, \`tokens\` or a layer gives, got ${describe(value)}`,
  );
}

/** @throws RivuletError `invalid-argument` */
export function checkSize(call: string, what: string, size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_SIZE) return;
  throw new RivuletError(
    'invalid-argument',
    `${call}: ${what} must be an integer from 1 to ${MAX_SIZE}, got ${describe(size)}`,
  );
}

/** What a layer needs of the encoder before it. */
export function endingsOf({ memory, initial }: Application): readonly Vector[] {
  const endings = Object.values(initial ?? {}).map((ending) =>
    ending?.kind === 'state' ? ending.of : ending,
  );
  return memory ? [memory, ...endings] : endings;
}

/** The inputs and layers that values come from, each once and behind what it reads. */
export function originsOf(values: readonly Value[]): readonly Origin[] {
  const found = new Set<Origin>();
  const visit = ({ origin }: Value): void => {
    if (found.has(origin)) return;
    if ('call' in origin) origin.reads.forEach(visit);
    found.add(origin);
  };
  values.forEach(visit);
  return [...found];
}
