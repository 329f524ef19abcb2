/** Convolution and pooling: over time, and within the frame of a timestep. ONNX has [batch, channels, width]. */
import type {
  ConvolutionNode,
  FrameConvolutionNode,
  FrameLayout,
  FramePoolingNode,
} from '../../../graph/definition.ts';
import { writeActivation } from './activations.ts';
import { refuse, vectorOf, type WriteContext } from './context.ts';

/** Causal: as many zeros before the first timestep as the kernel looks back. */
export function writeConvolution(node: ConvolutionNode, context: WriteContext): string {
  const { graph, name, input, inputSizes, timestep, tensor } = context;
  const { tensors, stride = 1, dilation = 1, activation } = node;
  const weight = tensor(tensors.weight);
  const [, channels, kernel] = weight.shape as [number, number, number];
  if (timestep && kernel > 1) throw refuse(node, 'a convolution over time in a call of one timestep');
  if (inputSizes[0] !== channels || stride !== 1)
    throw refuse(node, 'a convolution over time with several vectors a timestep; supported is one');
  const x = graph.op('Transpose', `${name}/channels`, [input], { perm: [1, 2, 0] });
  const y = graph.op('Conv', `${name}/conv`, [x, ...filters(node, context)], {
    kernel_shape: [kernel],
    dilations: [dilation],
    pads: [(kernel - 1) * dilation, 0],
  });
  const moved = graph.op('Transpose', activation ? `${name}/moved` : name, [y], { perm: [2, 0, 1] });
  return activation ? writeActivation(graph, name, moved, activation) : moved;
}

export function writeFrameConvolution(node: FrameConvolutionNode, context: WriteContext): string {
  const { tensor } = context;
  const { tensors, stride = 1, dilation = 1, padding = 0, activation } = node;
  const [, channels, kernel] = tensor(tensors.weight).shape as [number, number, number];
  const { graph, name } = context;
  const flat = withinFrame(node, channels, context, activation ? `${name}/flat` : name, (x) =>
    graph.op('Conv', `${name}/conv`, [x, ...filters(node, context)], {
      kernel_shape: [kernel],
      strides: [stride],
      dilations: [dilation],
      pads: [padding, padding],
    }),
  );
  // A softmax is over all values of the timestep.
  return activation ? writeActivation(graph, name, flat, activation) : flat;
}

export function writeFramePooling(node: FramePoolingNode, context: WriteContext): string {
  const { operation, channels, kernel, stride = kernel, padding = 0 } = node;
  return withinFrame(node, channels, context, context.name, (x) => {
    const operator = operation === 'max' ? 'MaxPool' : 'AveragePool';
    const sizes = { kernel_shape: [kernel], strides: [stride], pads: [padding, padding] };
    const counts = operation === 'max' ? {} : { count_include_pad: 1 };
    return context.graph.op(operator, `${context.name}/pool`, [x], { ...sizes, ...counts });
  });
}

function filters(
  { tensors }: ConvolutionNode | FrameConvolutionNode,
  { graph, name, tensor }: WriteContext,
): readonly string[] {
  const weight = tensor(tensors.weight);
  const inputs = [graph.floats(`${name}/weight`, weight.shape, vectorOf(weight))];
  if (tensors.bias !== undefined) {
    const bias = tensor(tensors.bias);
    inputs.push(graph.floats(`${name}/bias`, bias.shape, vectorOf(bias)));
  }
  return inputs;
}

/** Every timestep of every sequence as a frame [channels, width], and back. */
function withinFrame(
  { layout = 'channels-last' }: { readonly layout?: FrameLayout },
  channels: number,
  { graph, name, input, inputSizes, timestep }: WriteContext,
  result: string,
  write: (x: string) => string,
): string {
  const width = inputSizes[0]! / channels;
  const isLast = layout === 'channels-last';
  const swapped = (value: string, what: string) =>
    isLast ? graph.op('Transpose', `${name}/${what}`, [value], { perm: [0, 2, 1] }) : value;
  const frame = graph.integers(`${name}/frame`, isLast ? [-1, width, channels] : [-1, channels, width]);
  const y = swapped(
    write(swapped(graph.op('Reshape', `${name}/framed`, [input, frame]), 'channels')),
    'moved',
  );
  return graph.op('Reshape', result, [y, flat()]);

  function flat(): string {
    if (timestep) return graph.integers(`${name}/shape`, [1, 1, -1]);
    const shape = graph.op('Shape', `${name}/sizes`, [input], { start: 0, end: 2 });
    return graph.op('Concat', `${name}/shape`, [shape, graph.integers(`${name}/rest`, [-1])], { axis: 0 });
  }
}
