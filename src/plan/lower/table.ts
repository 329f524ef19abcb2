import type { GraphNode } from '../../graph/definition.ts';
import { lowerActivation } from './activation.ts';
import { lowerAdd } from './add.ts';
import { lowerAffine } from './affine.ts';
import { lowerAttention } from './attention.ts';
import { lowerBatchNorm } from './batchnorm.ts';
import { lowerConcat } from './concat.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerConvolution } from './convolution.ts';
import { lowerDense } from './dense.ts';
import { lowerDiv } from './div.ts';
import { lowerDropout } from './dropout.ts';
import { lowerEmbedding } from './embedding.ts';
import { lowerFrameConvolution } from './frame-convolution.ts';
import { lowerFramePooling } from './frame-pooling.ts';
import { lowerGru } from './gru.ts';
import { lowerLayerNorm } from './layernorm.ts';
import { lowerLstm } from './lstm.ts';
import { lowerMinGru } from './mingru.ts';
import { lowerMinLstm } from './minlstm.ts';
import { lowerMul } from './mul.ts';
import { lowerPRelu } from './prelu.ts';
import { lowerQuantize } from './quantize.ts';
import { lowerRnn } from './rnn.ts';
import { lowerSlice } from './slice.ts';
import { lowerState } from './state.ts';
import { lowerSub } from './sub.ts';
import { lowerTimePooling } from './time-pooling.ts';

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
  mingru: lowerMinGru,
  minlstm: lowerMinLstm,
  activation: lowerActivation,
  convolution: lowerConvolution,
  'frame-convolution': lowerFrameConvolution,
  'frame-pooling': lowerFramePooling,
  'time-pooling': lowerTimePooling,
  attention: lowerAttention,
  state: lowerState,
  add: lowerAdd,
  sub: lowerSub,
  mul: lowerMul,
  div: lowerDiv,
  affine: lowerAffine,
  prelu: lowerPRelu,
  quantize: lowerQuantize,
  concat: lowerConcat,
  slice: lowerSlice,
  dropout: lowerDropout,
  layernorm: lowerLayerNorm,
  batchnorm: lowerBatchNorm,
};

export function lowerNode(node: GraphNode, context: LowerContext): Value {
  return (LOWERINGS[node.type] as (node: GraphNode, context: LowerContext) => Value)(node, context);
}
