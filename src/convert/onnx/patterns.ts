/** What exporters take apart, put together again before it is read; and what no output needs, left out. */
import type { AttributeProto, GraphProto, NodeProto } from './proto.ts';
import type { Constant } from './value.ts';

/**
 * The nodes to be read, in their order.
 *
 * @param constants the initializers
 */
export function rewrite(graph: GraphProto, constants: ReadonlyMap<string, Constant>): readonly NodeProto[] {
  const producers = new Map<string, NodeProto>();
  for (const node of graph.nodes) for (const output of node.outputs) producers.set(output, node);
  const look: Look = {
    producer: (name, ...operators) => {
      const node = producers.get(name ?? '');
      return node && operators.includes(node.operator) ? node : undefined;
    },
    constant: (name) => numbersOf(name ?? '', constants, producers),
  };
  const nodes = graph.nodes.map((node) => layerNorm(node, look) ?? node);
  return needed(nodes, graph);
}

interface Look {
  /** The node that gives a value, where it is one of these operators. */
  producer(name: string | undefined, ...operators: readonly string[]): NodeProto | undefined;
  /** The numbers of an initializer or of a Constant. */
  constant(name: string | undefined): readonly number[] | undefined;
}

function numbersOf(
  name: string,
  constants: ReadonlyMap<string, Constant>,
  producers: ReadonlyMap<string, NodeProto>,
): readonly number[] | undefined {
  const known = constants.get(name);
  if (known) return known.data.length <= 4 ? Array.from(known.data) : undefined;
  const node = producers.get(name);
  if (node?.operator !== 'Constant') return undefined;
  const [attribute] = node.attributes;
  if (attribute?.name === 'value_float') return [attribute.float];
  if (attribute?.name === 'value_ints') return attribute.ints;
  const tensor = attribute?.tensor;
  if (tensor === undefined || tensor.dims.reduce((a, b) => a * b, 1) !== 1) return undefined;
  const bytes = tensor.raw ?? tensor.floats[0];
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (tensor.dataType === 1 && bytes.length === 4) return [view.getFloat32(0, true)];
  if (tensor.dataType === 7 && bytes.length === 8) return [Number(view.getBigInt64(0, true))];
  return undefined;
}

/**
 * (x - mean x) / sqrt(mean (x - mean x)² + epsilon), over the last axis: ReduceMean, Sub, Pow or Mul, ReduceMean, Add,
 * Sqrt, Div. Scale and shift are a Mul and an Add behind it.
 */
function layerNorm(div: NodeProto, look: Look): NodeProto | undefined {
  if (div.operator !== 'Div') return undefined;
  const x = centredOf(div.inputs[0], look);
  const root = look.producer(div.inputs[1], 'Sqrt');
  const sum = look.producer(root?.inputs[0], 'Add');
  if (x === undefined || sum === undefined) return undefined;
  const [first, second] = sum.inputs;
  const variance = meanOf(first, look) ?? meanOf(second, look);
  const epsilon = (look.constant(second) ?? look.constant(first))?.[0];
  if (variance === undefined || epsilon === undefined || !(epsilon > 0) || squareOf(variance, look) !== x)
    return undefined;
  const blank = {
    float: 0,
    int: 0,
    string: '',
    tensor: undefined,
    other: false,
    floats: [],
    ints: [],
    strings: [],
  };
  const attributes: AttributeProto[] = [
    { ...blank, name: 'axis', type: 2, int: -1 },
    { ...blank, name: 'epsilon', type: 1, float: epsilon },
  ];
  return { ...div, operator: 'LayerNormalization', inputs: [x], attributes };
}

/** x of x - mean x. */
function centredOf(name: string | undefined, look: Look): string | undefined {
  const sub = look.producer(name, 'Sub');
  return sub && meanOf(sub.inputs[1], look) === sub.inputs[0] ? sub.inputs[0] : undefined;
}

/** x of (x - mean x)². */
function squareOf(name: string, look: Look): string | undefined {
  const square = look.producer(name, 'Pow', 'Mul');
  const [base, other] = square?.inputs ?? [];
  const isSquare = square?.operator === 'Pow' ? look.constant(other)?.[0] === 2 : base === other;
  return isSquare ? centredOf(base, look) : undefined;
}

/** What a mean over the last axis reads. */
function meanOf(name: string | undefined, look: Look): string | undefined {
  const mean = look.producer(name, 'ReduceMean');
  if (mean === undefined) return undefined;
  const attribute = (wanted: string) => mean.attributes.find((each) => each.name === wanted);
  const axes = attribute('axes')?.ints ?? look.constant(mean.inputs[1]);
  const keeps = (attribute('keepdims')?.int ?? 1) === 1;
  return keeps && axes?.length === 1 && axes[0] === -1 ? mean.inputs[0] : undefined;
}

/** The nodes that an output follows from, in their order. */
function needed(nodes: readonly NodeProto[], graph: GraphProto): NodeProto[] {
  const wanted = new Set(graph.outputs.map(({ name }) => name));
  const kept: NodeProto[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) wanted.add(input);
  }
  return kept.reverse();
}
