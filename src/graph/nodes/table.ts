import type { GraphNode, NodeType } from '../definition.ts';
import { activation } from './activation.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';
import type { NodeKind } from './node-kind.ts';
import { rnn } from './rnn.ts';

/** Every type of node: a new one is a file and a line here. */
export const NODE_KINDS: { readonly [T in NodeType]: NodeKind<Extract<GraphNode, { type: T }>> } = {
  embedding,
  dense,
  rnn,
  lstm,
  gru,
  activation,
};

export function kindOf<N extends GraphNode>(node: N): NodeKind<N> {
  // The table pairs each type with its own kind; TypeScript cannot follow that through an index.
  return NODE_KINDS[node.type] as unknown as NodeKind<N>;
}
