import type { GraphNode } from '../../graph/definition.ts';
import { lowerActivation } from './activation.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerDense } from './dense.ts';
import { lowerEmbedding } from './embedding.ts';
import { lowerGru } from './gru.ts';
import { lowerLstm } from './lstm.ts';
import { lowerRnn } from './rnn.ts';

type Lowering = {
  [T in GraphNode['type']]: (node: Extract<GraphNode, { type: T }>, context: LowerContext) => Value;
};

/** From node type to the ops that compute it. */
const LOWERINGS: Lowering = {
  embedding: lowerEmbedding,
  dense: lowerDense,
  rnn: lowerRnn,
  lstm: lowerLstm,
  gru: lowerGru,
  activation: lowerActivation,
};

export function lowerNode(node: GraphNode, context: LowerContext): Value {
  return (LOWERINGS[node.type] as (node: GraphNode, context: LowerContext) => Value)(node, context);
}
