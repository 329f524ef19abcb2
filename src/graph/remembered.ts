import { RivuletError, show } from '../errors.ts';
import type { GraphNode, StateNode } from './definition.ts';
import type { Section, SectionShapes } from './infer.ts';
import { isStreamable } from './reads.ts';

/**
 * Checks what the states of a section remember, once all its sizes are known.
 *
 * @throws RivuletError `invalid-graph`, `wrong-shape`, naming the state
 */
export function checkRemembered({ nodes }: Section, { inputs, sizes }: SectionShapes): void {
  nodes.forEach((node, at) => {
    if (node.type !== 'state') return;
    const place = `node ${show(node.name)}`;
    const size = inputs.get(node.input)?.kind === 'tokens' ? undefined : sizes.get(node.input);
    if (size === undefined) {
      throw new RivuletError(
        'invalid-graph',
        `${place} remembers ${show(node.input)}, which is neither an input of features nor a node of its section`,
      );
    }
    if (size !== node.size) {
      throw new RivuletError(
        'wrong-shape',
        `${place} has ${node.size} values, but ${show(node.input)}, which it remembers, has ${size}`,
      );
    }
    const stops = loopOf(nodes, at, node).find((other) => !isStreamable(other));
    if (!stops) return;
    throw new RivuletError(
      'invalid-graph',
      `${place}: between it and ${show(node.input)}, which it remembers, node ${show(stops.name)} goes backward through ` +
        'time; put that one before or behind them, or make it go forward',
    );
  });
}

/** The nodes from a state to what it remembers. */
function loopOf(nodes: readonly GraphNode[], at: number, { input }: StateNode): readonly GraphNode[] {
  return nodes.slice(at, nodes.findIndex(({ name }) => name === input) + 1);
}
