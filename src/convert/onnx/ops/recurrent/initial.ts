/** What the states of a cell begin with. */
import { float32 } from '../../emitter.ts';
import { unsupported } from '../../refuse.ts';
import type { Elements, Stream } from '../../value.ts';
import { type Cell, checkShape, halves, INPUT } from './call.ts';
import type { Roles } from './weights.ts';

type StateName = 'h' | 'c';

/** The beginnings that are elements of an input, by state; those that are constants become tensors. */
export type Beginnings = ReadonlyMap<StateName, Stream>;

/** @throws RivuletError `unsupported-operator`, `invalid-file` */
export function readInitial(cell: Cell, names: readonly StateName[], roles: Roles): Beginnings {
  const { call, x, hidden, directions, layout } = cell;
  const beginnings = new Map<StateName, Stream>();
  for (const name of names) {
    const what = `initial_${name}`;
    const value = call.inputs[INPUT.initial[name]];
    const shape = layout === 0 ? [directions, 1, hidden] : [1, directions, hidden];
    if (value?.kind === 'stream') {
      if (!isOfStates(value.elements, directions * hidden)) throw notAState(call.place, what);
      beginnings.set(name, value);
      continue;
    }
    const constant = value && checkShape(call.place, value, what, shape);
    if (x.time === undefined) throw withoutState(call.place, what);
    if (constant === undefined || constant.data.every((each) => each === 0)) {
      for (const origin of constant?.origins ?? []) call.emit.used.add(origin);
      continue;
    }
    const data = float32(constant);
    roles.add(`${name}0`, [hidden], constant.origins, (half) =>
      data.subarray(half * hidden, (half + 1) * hidden),
    );
  }
  return beginnings;
}

/**
 * The states that begin with inputs end with their outputs.
 *
 * @param node the name of the node of ours
 */
export function keepStates(
  cell: Cell,
  node: string,
  beginnings: Beginnings,
  ends: (name: StateName) => Stream,
): void {
  const { call, hidden } = cell;
  for (const [name, value] of beginnings) {
    const place = `${call.place}: initial_${name}`;
    halves(cell).forEach(({ prefix }, half) => {
      const own = Int32Array.from({ length: hidden }, (_, at) => half * hidden + at);
      call.emit.states.keep({
        state: `${node}.${prefix}${name}`,
        begins: value.elements.select(own),
        ends: ends(name).elements.select(own),
        place,
      });
    });
  }
}

function isOfStates(elements: Elements, size: number): boolean {
  for (let at = 0; at < elements.length; at++) if (elements.source(at).role !== 'state') return false;
  return elements.length === size;
}

function notAState(place: string, what: string) {
  return unsupported(
    place,
    `${what} follows from the model's inputs; supported are constants, and inputs paired with the output that they become ` +
      '(option state, --state input:output)',
  );
}

function withoutState(place: string, what: string) {
  return unsupported(
    place,
    `a call is one timestep, and ${what} is not an input paired with an output (option state, --state input:output): ` +
      'every timestep would begin anew',
  );
}
