/**
 * States that a model takes and gives: an input that is, at the next call, what an output was, becomes state of a session.
 * It begins a recurrent node, which then keeps it, or it is remembered by a node `state`.
 */
import { RivuletError, show } from '../../errors.ts';
import type { ConvertOptions } from '../conversion.ts';
import type { Emitter } from './emitter.ts';
import type { GraphProto, ValueInfoProto } from './proto.ts';
import { unsupported } from './refuse.ts';
import { Elements, type Source, type Stream, sizeOf, type Value } from './value.ts';

/** By the name of the input that of the output. */
export type StatePairs = ReadonlyMap<string, string>;

/** A state of a recurrent node: what it begins with, elements of inputs, and what it ends with. */
interface Kept {
  readonly state: string;
  readonly begins: Elements;
  readonly ends: Elements;
  readonly place: string;
}

/** A node `state`: its place among the nodes, and the elements of an input that it gives. */
interface Remembered {
  readonly at: number;
  readonly source: Source;
  readonly indices: readonly number[];
  readonly place: string;
}

export class States {
  readonly pairs: StatePairs;
  readonly #endings = new Map<string, Source>();
  readonly #kept: Kept[] = [];
  readonly #remembered: Remembered[] = [];

  constructor(pairs: StatePairs) {
    this.pairs = pairs;
  }

  /** The input of a pair; what is free in its shape is the batch. */
  input({ name, shape = [] }: ValueInfoProto): Stream {
    const sizes = shape.map((size) => (typeof size === 'number' ? size : 1));
    const source: Source = { name, size: sizeOf(sizes), constant: undefined, role: 'state' };
    const elements = new Elements([source]);
    return {
      kind: 'stream',
      shape: sizes,
      time: undefined,
      timesteps: undefined,
      last: false,
      padded: [0, 0],
      elements,
    };
  }

  /** What a sequence leaves in a state that no node gives as its value. */
  ending(state: string, size: number): Source {
    const known = this.#endings.get(state);
    if (known) return known;
    const source: Source = { name: state, size, constant: undefined, role: 'ending' };
    this.#endings.set(state, source);
    return source;
  }

  /** A state of a recurrent node begins with elements of the inputs, and must end as elements of their outputs. */
  keep(kept: Kept): void {
    this.#kept.push(kept);
  }

  /** A node that gives elements of the input as they were at the timestep before. */
  remember(emit: Emitter, source: Source, indices: readonly number[], place: string): Source {
    const size = indices.length;
    const body = { type: 'state', input: '', size, tensors: {} } as const;
    this.#remembered.push({ at: emit.nodes.length, source, indices, place });
    return emit.node(source.name, body, size, place);
  }

  /**
   * Once all nodes are there: every state ends where it is said to.
   *
   * @throws RivuletError `unsupported-operator`
   */
  finish(emit: Emitter, values: ReadonlyMap<string, Value>, hasTime: boolean): void {
    for (const { state, begins, ends, place } of this.#kept) {
      this.#checkKept(begins, ends, place, values);
      note(emit, state, begins);
    }
    for (const { at, source, indices, place } of this.#remembered) {
      if (hasTime) {
        throw unsupported(
          place,
          `it reads the state ${show(source.name)} at each of the timesteps of a call; supported is one timestep a call`,
        );
      }
      const output = this.#outputOf(source, values);
      const next = {
        ...output,
        shape: [indices.length],
        elements: output.elements.select(Int32Array.from(indices)),
      };
      const input = emit.use(next, place);
      note(emit, `${emit.nodes[at]!.name}.value`, new Elements([source]).select(Int32Array.from(indices)));
      emit.nodes[at] = { ...emit.nodes[at]!, input } as (typeof emit.nodes)[number];
    }
    for (const [input, output] of this.pairs)
      emit.note(`state: the input ${input} is at the next call what the output ${output} was`);
  }

  #checkKept(begins: Elements, ends: Elements, place: string, values: ReadonlyMap<string, Value>): void {
    for (let at = 0; at < begins.length; at++) {
      const source = begins.source(at);
      const { elements } = this.#outputOf(source, values);
      const index = begins.index(at);
      if (elements.source(index) === ends.source(at) && elements.index(index) === ends.index(at)) continue;
      throw unsupported(
        place,
        `its state begins with values of the input ${show(source.name)}, but the output ` +
          `${show(this.pairs.get(source.name)!)} does not have what it ends with at their places`,
      );
    }
  }

  #outputOf({ name, size }: Source, values: ReadonlyMap<string, Value>): Stream {
    const output = this.pairs.get(name)!;
    const value = values.get(output);
    if (value?.kind === 'stream' && value.time === undefined && value.elements.length === size) return value;
    throw unsupported(
      `onnx: output ${show(output)}`,
      `it cannot be what the input ${show(name)} of ${size} values becomes; expected as many values, without an axis of time`,
    );
  }
}

/** Which values of the file's states a state of a session has: `state lstm.h: h0 0 … 127, h1 5`. */
function note(emit: Emitter, state: string, elements: Elements): void {
  const runs: string[] = [];
  for (let at = 0; at < elements.length; ) {
    const [source, first] = [elements.source(at), elements.index(at)];
    const step = at + 1 < elements.length ? elements.index(at + 1) - first : 0;
    let end = at + 1;
    while (
      end < elements.length &&
      elements.source(end) === source &&
      elements.index(end) === first + (end - at) * step
    )
      end++;
    const last = elements.index(end - 1);
    const range =
      end - at === 1 ? `${first}` : `${first} … ${last}${step === 1 ? '' : ` in steps of ${step}`}`;
    runs.push(`${source.name} ${range}`);
    at = end;
  }
  emit.note(`state ${state}: ${runs.join(', ')}`);
}

/**
 * The pairs that the options name, and those whose names say so: `h0` and `hn`, `state` and `stateN`, `prev_cell` and
 * `next_cell`, of one shape.
 *
 * @throws RivuletError `invalid-argument` where there is no such input or output
 */
export function pairStates(graph: GraphProto, { state = {} }: ConvertOptions): StatePairs {
  const initializers = new Set(graph.initializers.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !initializers.has(name));
  const pairs = new Map(Object.entries(state));
  for (const [input, output] of pairs) {
    find(inputs, input, 'input');
    find(graph.outputs, output, 'output');
  }
  for (const input of inputs) {
    if (pairs.has(input.name)) continue;
    const taken = new Set(pairs.values());
    const fits = graph.outputs.filter((output) => !taken.has(output.name) && isPair(input, output));
    if (fits.length === 1) pairs.set(input.name, fits[0]!.name);
  }
  return pairs;
}

function find(infos: readonly ValueInfoProto[], name: string, what: string): void {
  if (infos.some((info) => info.name === name)) return;
  const known = infos.map((info) => show(info.name)).join(', ');
  throw new RivuletError('invalid-argument', `state: there is no ${what} ${show(name)}; there are ${known}`);
}

const BEFORE =
  /^(in|input|prev|previous|initial|init|old)[_.-]?|[_.-]?(in|input|prev|previous|initial|init|old|0)$/gi;
const AFTER = /^(out|output|next|new)[_.-]?|[_.-]?(out|output|next|new|n)$/gi;
/** What states are called; other names that are alike may be of values that happen to be of one shape. */
const STATE = /state|hidden|cell|carry|memory|cache|buf|rnn|lstm|gru|^[hc]x?$/i;

function isPair(input: ValueInfoProto, output: ValueInfoProto): boolean {
  const stem = input.name.replaceAll(BEFORE, '');
  if (!STATE.test(stem) || stem !== output.name.replaceAll(AFTER, '')) return false;
  const [before, after] = [input.shape ?? [], output.shape ?? []];
  return (
    before.length === after.length &&
    before.every(
      (size, axis) => size === after[axis] || typeof size !== 'number' || typeof after[axis] !== 'number',
    )
  );
}
