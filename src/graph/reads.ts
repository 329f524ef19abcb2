import type { Graph, GraphNode } from './definition.ts';

/** The nodes of a graph, those of its encoder first. */
export function allNodes({ encoder, nodes }: Graph): readonly GraphNode[] {
  return encoder ? [...encoder.nodes, ...nodes] : nodes;
}

/** The names of the inputs and nodes that a node reads at the same timestep. */
export function inputsOf(node: GraphNode): readonly string[] {
  return 'inputs' in node ? node.inputs : [node.input];
}
