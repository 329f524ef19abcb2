import type { GraphNode } from '../definition.ts';
import type { Fields } from '../fields.ts';
import type { NodeTensors } from '../node-tensors.ts';

/** What every node has, read before its type is known. */
export interface NodeHead {
  readonly name: string;
  readonly input: string;
}

/** `size`: values that the node gives each timestep. `hidden`: the size of the state of a recurrent node. */
export interface NodeShape {
  readonly size: number;
  readonly hidden?: number;
}

/** All that a type of node is before it is laid out: one object a type, listed in `table.ts`. */
export interface NodeKind<N extends GraphNode> {
  readonly type: N['type'];
  /** An embedding reads tokens, all others vectors. */
  readonly reads: 'tokens' | 'vector';
  /** The roles of the matrices that a step multiplies by, which are the ones worth quantizing. */
  readonly matrices: readonly string[];
  /** The node of a graph's JSON; `fields` refuses what is not asked for. */
  parse(head: NodeHead, fields: Fields): N;
  /** Checks the shapes of the tensors against `inputSize`, the size of what the node reads. */
  shape(node: N, inputSize: number, tensors: NodeTensors): NodeShape;
}

export const ACTIVATIONS = ['sigmoid', 'tanh', 'relu', 'softmax'] as const;
