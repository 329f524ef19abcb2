import { RivuletError, show } from '../errors.ts';
import type { GruNode, LstmNode, MinGruNode, MinLstmNode, RnnNode } from './definition.ts';
import type { SectionShapes } from './infer.ts';

/**
 * Checks what the states of a recurrent node begin with: states or nodes of the encoder, of their sizes.
 *
 * @param states the sizes of the node's states: `{ h: 64, c: 64 }`
 * @throws RivuletError `invalid-graph`, `wrong-shape`
 */
export function checkInitial(
  node: RnnNode | LstmNode | GruNode | MinGruNode | MinLstmNode,
  states: Readonly<Record<string, number>>,
  encoder: SectionShapes | undefined,
): void {
  const place = `node ${show(node.name)}: initial`;
  if (!encoder) {
    throw new RivuletError(
      'invalid-graph',
      `${place} names what the encoder's sequence ends with, and there is no encoder before this node; ` +
        'remove it, or give the graph an encoder',
    );
  }
  for (const [state, source] of Object.entries(node.initial ?? {})) {
    if (!Object.hasOwn(states, state)) {
      const known = Object.keys(states).map(show).join(', ');
      throw new RivuletError('invalid-graph', `${place}: no state ${show(state)}; its states are ${known}`);
    }
    const size = sizeOf(source, encoder, place);
    if (size === states[state]) continue;
    throw new RivuletError(
      'wrong-shape',
      `${place}: the state ${show(state)} has ${states[state]} values, but ${show(source)} of the encoder has ${size}`,
    );
  }
}

function sizeOf(source: string, encoder: SectionShapes, place: string): number {
  const state = encoder.states.get(source);
  const value = encoder.inputs.has(source) ? undefined : encoder.sizes.get(source);
  if (state !== undefined && value !== undefined) {
    throw new RivuletError(
      'invalid-graph',
      `${place}: ${show(source)} is both a state and a node of the encoder; rename the node`,
    );
  }
  const size = state ?? value;
  if (size !== undefined) return size;
  const known = [...encoder.states.keys()].map(show).join(', ');
  throw new RivuletError(
    'invalid-graph',
    `${place}: ${show(source)} is neither a state nor a node of the encoder; its states are ${known || 'none'}`,
  );
}
