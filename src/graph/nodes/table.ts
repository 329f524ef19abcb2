import { RivuletError, show } from '../../errors.ts';
import type { GraphNode, NodeType } from '../definition.ts';
import { activation } from './activation.ts';
import { add } from './add.ts';
import { affine } from './affine.ts';
import { attention } from './attention.ts';
import { batchnorm } from './batchnorm.ts';
import { concat } from './concat.ts';
import { convolution } from './convolution.ts';
import { dense } from './dense.ts';
import { div } from './div.ts';
import { dropout } from './dropout.ts';
import { embedding } from './embedding.ts';
import { frameConvolution } from './frame-convolution.ts';
import { framePooling } from './frame-pooling.ts';
import { gru } from './gru.ts';
import { layernorm } from './layernorm.ts';
import { lstm } from './lstm.ts';
import { mingru } from './mingru.ts';
import { minlstm } from './minlstm.ts';
import { mul } from './mul.ts';
import type { NodeKind } from './node-kind.ts';
import { prelu } from './prelu.ts';
import { quantize } from './quantize.ts';
import { rnn } from './rnn.ts';
import { slice } from './slice.ts';
import { state } from './state.ts';
import { sub } from './sub.ts';
import { timePooling } from './time-pooling.ts';

/** Every type of node: a new one is a file and a line here. */
export const NODE_KINDS: { readonly [T in NodeType]: NodeKind<Extract<GraphNode, { type: T }>> } = {
  embedding,
  dense,
  rnn,
  lstm,
  gru,
  mingru,
  minlstm,
  activation,
  convolution,
  'frame-convolution': frameConvolution,
  'frame-pooling': framePooling,
  'time-pooling': timePooling,
  add,
  sub,
  mul,
  div,
  affine,
  prelu,
  quantize,
  concat,
  slice,
  dropout,
  layernorm,
  batchnorm,
  attention,
  state,
};

/** @throws RivuletError `invalid-graph` for a type that is none */
export function kindOf<N extends GraphNode>({ name, type }: Pick<N, 'name' | 'type'>): NodeKind<N> {
  if (!Object.hasOwn(NODE_KINDS, type)) {
    const known = Object.keys(NODE_KINDS).join(', ');
    throw new RivuletError(
      'invalid-graph',
      `node ${show(name)}: unknown type ${show(type)}; known are ${known}`,
    );
  }
  // The table pairs each type with its own kind; TypeScript cannot follow that through an index.
  return NODE_KINDS[type] as unknown as NodeKind<N>;
}
