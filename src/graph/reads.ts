import type { Graph, GraphNode } from './definition.ts';

/** The nodes of a graph, those of its encoder first. */
export function allNodes({ encoder, nodes }: Graph): readonly GraphNode[] {
  return encoder ? [...encoder.nodes, ...nodes] : nodes;
}

/** The names of the inputs and nodes that a node reads at the same timestep: none of a state, which reads the one before. */
export function inputsOf(node: GraphNode): readonly string[] {
  if (node.type === 'state') return [];
  return 'inputs' in node ? node.inputs : [node.input];
}

/** Whether a node can go timestep by timestep, as they come. */
export function isStreamable(node: GraphNode): boolean {
  return !('direction' in node) || node.direction === undefined || node.direction === 'forward';
}
