/** The variants of every type of node: a new type is a file under cases/ and a line here. */
import type { NodeType } from '../../src/graph/definition.ts';
import { activation } from './cases/activation.ts';
import { add } from './cases/add.ts';
import { affine } from './cases/affine.ts';
import { attention } from './cases/attention.ts';
import { batchnorm } from './cases/batchnorm.ts';
import { concat } from './cases/concat.ts';
import { convolution } from './cases/convolution.ts';
import { dense } from './cases/dense.ts';
import { div } from './cases/div.ts';
import { dropout } from './cases/dropout.ts';
import { embedding } from './cases/embedding.ts';
import { frameConvolution } from './cases/frame-convolution.ts';
import { framePooling } from './cases/frame-pooling.ts';
import { gru } from './cases/gru.ts';
import { layernorm } from './cases/layernorm.ts';
import { lstm } from './cases/lstm.ts';
import { mingru } from './cases/mingru.ts';
import { minlstm } from './cases/minlstm.ts';
import { mul } from './cases/mul.ts';
import { prelu } from './cases/prelu.ts';
import { quantize } from './cases/quantize.ts';
import { rnn } from './cases/rnn.ts';
import { slice } from './cases/slice.ts';
import { state } from './cases/state.ts';
import { sub } from './cases/sub.ts';
import { timePooling } from './cases/time-pooling.ts';
import type { Variant } from './variant.ts';

export const VARIANTS: Readonly<Record<NodeType, readonly Variant[]>> = {
  embedding,
  dense,
  rnn,
  lstm,
  gru,
  mingru,
  minlstm,
  activation,
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
  convolution,
  'frame-convolution': frameConvolution,
  'frame-pooling': framePooling,
  'time-pooling': timePooling,
  attention,
  state,
};

/** Those of the types that a table knows: [type, its variants]. */
export function variantsOf(kinds: object): [NodeType, readonly Variant[]][] {
  return Object.keys(kinds).map((type) => [type as NodeType, VARIANTS[type as NodeType] ?? []]);
}
