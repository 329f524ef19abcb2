import type { GraphNode } from '../definition.ts';
import type { Fields } from '../fields.ts';
import type { NodeTensors } from '../node-tensors.ts';

/** What every node has, read before its own fields: its name and what it reads. */
export type NodeHead<N extends GraphNode> = N extends { readonly inputs: readonly string[] }
  ? { readonly name: string; readonly inputs: readonly string[] }
  : { readonly name: string; readonly input: string };

/** What of the graph around a node its shape depends on. */
export interface ShapeContext {
  /** The node in error messages: `node "lstm"`. */
  readonly place: string;
  /** The sizes of the encoder's nodes, by name; absent where the graph has no encoder, and within the encoder. */
  readonly encoder?: ReadonlyMap<string, number>;
}

export interface NodeShape {
  /** Values that the node gives each timestep. */
  readonly size: number;
  /** The size of h of a recurrent node. */
  readonly hidden?: number;
  /** The sizes of the states of a recurrent node: `{ h: 64, c: 64, 'reverse.h': 64 }`. */
  readonly states?: Readonly<Record<string, number>>;
}

/** All that a type of node is before it is laid out: one object a type, listed in `table.ts`. */
export interface NodeKind<N extends GraphNode> {
  readonly type: N['type'];
  /** An embedding reads tokens, all others vectors. */
  readonly reads: 'tokens' | 'vector';
  /** Whether the node reads several values, `inputs` instead of `input`. */
  readonly merges: N extends { readonly inputs: readonly string[] } ? true : false;
  /**
   * The roles of the matrices that a step multiplies by, which are the ones worth quantizing; a role stands for its
   * `_reverse` too.
   */
  readonly matrices: readonly string[];
  /** The node of a graph's JSON; `fields` refuses what is not asked for. */
  parse(head: NodeHead<N>, fields: Fields): N;
  /** Checks the shapes of the tensors against `inputSizes`, the sizes of what the node reads, in their order. */
  shape(node: N, inputSizes: readonly number[], tensors: NodeTensors, place: ShapeContext): NodeShape;
  /** Every option that changes what the node computes, ASCII: part of the fingerprint of a model's shape. */
  attributes(node: N): string;
}
