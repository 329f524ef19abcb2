/** From a node of ours to operators of ONNX. */
import type {
  AffineNode,
  BatchNormNode,
  DenseNode,
  EmbeddingNode,
  GraphNode,
  LayerNormNode,
  NodeType,
  PReluNode,
  QuantizeNode,
  SliceNode,
} from '../../../graph/definition.ts';
import { EPSILON } from '../../../graph/nodes/epsilon.ts';
import { transposed } from '../../transposed.ts';
import { writeActivation } from './activations.ts';
import { writeGru, writeLstm, writeRnn } from './cells.ts';
import { refuse, vectorOf, type WriteContext } from './context.ts';
import { writeConvolution, writeFrameConvolution, writeFramePooling } from './frames.ts';

type Write<N> = (node: N, context: WriteContext) => string;
type Writes = { readonly [T in NodeType]: Write<Extract<GraphNode, { type: T }>> };

const elementwise =
  (operator: 'Sum' | 'Sub' | 'Mul' | 'Div'): Write<GraphNode> =>
  (_node, { graph, name, inputs }) => {
    if (operator === 'Sum') return graph.op(operator, name, inputs);
    const [first, ...others] = inputs as [string, ...string[]];
    return others.reduce(
      (value, other, i) =>
        graph.op(operator, i === others.length - 1 ? name : `${name}/${i}`, [value, other]),
      first,
    );
  };

const without =
  (what: string): Write<GraphNode> =>
  (node) => {
    throw refuse(node, `${what}; it cannot be written`);
  };

const WRITES: Writes = {
  embedding: writeEmbedding,
  dense: writeDense,
  rnn: writeRnn,
  lstm: writeLstm,
  gru: writeGru,
  mingru: without('ONNX has no operator of this cell'),
  minlstm: without('ONNX has no operator of this cell'),
  activation: ({ activation }, { graph, name, input }) => writeActivation(graph, name, input, activation),
  add: elementwise('Sum'),
  sub: elementwise('Sub'),
  mul: elementwise('Mul'),
  div: elementwise('Div'),
  affine: writeAffine,
  prelu: writePRelu,
  quantize: writeQuantize,
  concat: (_node, { graph, name, inputs }) => graph.op('Concat', name, inputs, { axis: -1 }),
  slice: writeSlice,
  dropout: (_node, { graph, name, input }) => graph.op('Identity', name, [input]),
  layernorm: writeLayerNorm,
  batchnorm: writeBatchNorm,
  convolution: writeConvolution,
  'frame-convolution': writeFrameConvolution,
  'frame-pooling': writeFramePooling,
  'time-pooling': without('ONNX has no pooling over the timesteps so far'),
  attention: without('ONNX has one graph, and no encoder before it'),
  state: without('only a call of one timestep has it'),
};

/** The name of the ONNX value that the node gives. @throws RivuletError `not-supported` */
export function writeNode(node: GraphNode, context: WriteContext): string {
  // The table pairs each type with its own function; TypeScript cannot follow that through an index.
  return (WRITES[node.type] as Write<GraphNode>)(node, context);
}

function writeEmbedding({ tensors }: EmbeddingNode, { graph, name, input, tensor }: WriteContext): string {
  const weight = tensor(tensors.weight);
  return graph.op('Gather', name, [graph.floats(`${name}/weight`, weight.shape, vectorOf(weight)), input], {
    axis: 0,
  });
}

function writeDense(
  { tensors, activation }: DenseNode,
  { graph, name, input, tensor }: WriteContext,
): string {
  const weight = tensor(tensors.weight);
  const [units, inputs] = weight.shape as [number, number];
  const matrix = graph.floats(`${name}/weight`, [inputs, units], transposed(vectorOf(weight), units, inputs));
  const last = tensors.bias === undefined ? 'product' : activation ? 'sum' : '';
  let value = graph.op('MatMul', last === 'product' && !activation ? name : `${name}/product`, [
    input,
    matrix,
  ]);
  if (tensors.bias !== undefined) {
    const bias = graph.floats(`${name}/bias`, [units], vectorOf(tensor(tensors.bias)));
    value = graph.op('Add', activation ? `${name}/sum` : name, [value, bias]);
  }
  return activation ? writeActivation(graph, name, value, activation) : value;
}

function writeAffine({ tensors }: AffineNode, context: WriteContext): string {
  const { tensor } = context;
  return scaled(
    context,
    tensors.weight === undefined ? undefined : vectorOf(tensor(tensors.weight)),
    tensors.bias === undefined ? undefined : vectorOf(tensor(tensors.bias)),
  );
}

/** weight * x + bias */
function scaled(
  { graph, name, input }: WriteContext,
  weight: Float32Array | undefined,
  bias: Float32Array | undefined,
): string {
  let value = input;
  if (weight) {
    const constant = graph.floats(`${name}/weight`, [weight.length], weight);
    value = graph.op('Mul', bias ? `${name}/scaled` : name, [value, constant]);
  }
  if (bias) value = graph.op('Add', name, [value, graph.floats(`${name}/bias`, [bias.length], bias)]);
  return value === input ? graph.op('Identity', name, [input]) : value;
}

function writePRelu({ tensors }: PReluNode, { graph, name, input, tensor }: WriteContext): string {
  const weight = tensor(tensors.weight);
  return graph.op('PRelu', name, [input, graph.floats(`${name}/slope`, weight.shape, vectorOf(weight))]);
}

/** What QuantizeLinear gives in opset 17. */
const INTEGERS = { int8: [-128, 127], uint8: [0, 255] } as const;

function writeQuantize(node: QuantizeNode, { graph, name, input }: WriteContext): string {
  const { scale, zeroPoint, low, high } = node;
  const types = Object.keys(INTEGERS) as (keyof typeof INTEGERS)[];
  const type = types.find((each) => INTEGERS[each][0] === low && INTEGERS[each][1] === high);
  if (type === undefined)
    throw refuse(node, `integers from ${low} to ${high}; supported are those of int8 and uint8`);
  const step = graph.floats(`${name}/scale`, [], Float32Array.of(scale));
  const zero = graph.integer8(`${name}/zero`, type, zeroPoint);
  const integers = graph.op('QuantizeLinear', `${name}/integers`, [input, step, zero]);
  return graph.op('DequantizeLinear', name, [integers, step, zero]);
}

function writeSlice({ start, size }: SliceNode, { graph, name, input }: WriteContext): string {
  const integer = (what: string, value: number) => graph.integers(`${name}/${what}`, [value]);
  return graph.op('Slice', name, [
    input,
    integer('start', start),
    integer('end', start + size),
    integer('axis', -1),
  ]);
}

function writeLayerNorm(
  { tensors, epsilon }: LayerNormNode,
  { graph, name, input, size, tensor }: WriteContext,
): string {
  const scale =
    tensors.weight === undefined ? new Float32Array(size).fill(1) : vectorOf(tensor(tensors.weight));
  const inputs = [input, graph.floats(`${name}/scale`, [size], scale)];
  if (tensors.bias !== undefined)
    inputs.push(graph.floats(`${name}/bias`, [size], vectorOf(tensor(tensors.bias))));
  return graph.op('LayerNormalization', name, inputs, { axis: -1, epsilon: { float: epsilon ?? EPSILON } });
}

/** The product and the sum that it is. */
function writeBatchNorm(node: BatchNormNode, context: WriteContext): string {
  const { tensors, layout = 'channels-last', epsilon = EPSILON } = node;
  const { size, tensor } = context;
  const [mean, variance] = [vectorOf(tensor(tensors.running_mean)), vectorOf(tensor(tensors.running_var))];
  const weight = tensors.weight === undefined ? undefined : vectorOf(tensor(tensors.weight));
  const bias = tensors.bias === undefined ? undefined : vectorOf(tensor(tensors.bias));
  const [scale, shift] = [new Float32Array(size), new Float32Array(size)];
  for (let i = 0; i < size; i++) {
    const channel = layout === 'channels-last' ? i % mean.length : Math.floor(i / (size / mean.length));
    const factor = (weight?.[channel] ?? 1) / Math.sqrt(variance[channel]! + epsilon);
    scale[i] = factor;
    shift[i] = (bias?.[channel] ?? 0) - mean[channel]! * factor;
  }
  return scaled(context, scale, shift);
}
