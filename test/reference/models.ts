/** Definitions with random weights, of any cell, size and depth, for case tables. */
import type {
  Activation,
  GraphInput,
  GraphNode,
  ModelDefinition,
  RecurrentTensors,
  Tensor,
} from '../../src/graph/definition.ts';
import { Random } from './random.ts';

export const CELLS = ['rnn-tanh', 'rnn-relu', 'lstm', 'gru-after', 'gru-before'] as const;
export type CellName = (typeof CELLS)[number];

/** Rows of the matrices per hidden unit. */
export const GATES: Readonly<Record<CellName, number>> = {
  'rnn-tanh': 1,
  'rnn-relu': 1,
  lstm: 4,
  'gru-after': 3,
  'gru-before': 3,
};

export interface RandomModelOptions {
  readonly cell: CellName;
  /** Inputs of the first layer: the features, or the size of the embedding. */
  readonly input: number;
  readonly hidden: number;
  readonly depth: number;
  /** Units of a dense head; none without it. */
  readonly output?: number;
  /** With it the input is tokens, and an embedding comes first. */
  readonly vocabulary?: number;
  /** Size of the embedding, `input` unless given; only with `vocabulary`. */
  readonly embedding?: number;
  /** Of the head; where there is none, of a node of its own named `activation`. */
  readonly activation?: Activation;
  /** Biases in the recurrent layers and the head; true unless given. */
  readonly bias?: boolean;
  readonly seed: number;
  /**
   * Weights and biases are U(-scale/sqrt(hidden), scale/sqrt(hidden)), the embedding's U(-1, 1); 1 unless
   * given.
   */
  readonly scale?: number;
}

/** Nodes `embedding`, `rnn.l0`, `rnn.l1` …, `head`, `activation`; input `input`, output `output`. */
export function randomModel(options: RandomModelOptions): ModelDefinition {
  const random = new Random(options.seed);
  const bound = (options.scale ?? 1) / Math.sqrt(options.hidden);
  const tensors = new Map<string, Tensor>();
  const draw: Draw = (name, shape, limit = bound) => {
    const count = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { dtype: 'F32', shape, data: random.uniforms(count, -limit, limit) });
    return name;
  };
  const nodes = randomNodes(options, draw);
  const input: GraphInput =
    options.vocabulary === undefined
      ? { name: 'input', kind: 'features', size: options.input }
      : { name: 'input', kind: 'tokens', size: options.vocabulary };
  const outputs = [{ name: 'output', from: nodes.at(-1)?.name ?? 'input' }];
  return { graph: { inputs: [input], outputs, nodes }, tensors };
}

/** Adds a random tensor U(-limit, limit) and gives its name. */
type Draw = (name: string, shape: number[], limit?: number) => string;

function randomNodes(options: RandomModelOptions, draw: Draw): GraphNode[] {
  const { cell, hidden, depth, output, vocabulary, activation, bias = true } = options;
  const nodes: GraphNode[] = [];
  const last = () => nodes.at(-1)?.name ?? 'input';
  let inputs = options.input;
  if (vocabulary !== undefined) {
    inputs = options.embedding ?? inputs;
    const weight = draw('embedding.weight', [vocabulary, inputs], 1);
    nodes.push({ type: 'embedding', name: 'embedding', input: last(), tensors: { weight } });
  }
  for (let layer = 0; layer < depth; layer++) {
    const tensors = recurrentTensorNames(layer, bias);
    drawRecurrent(draw, tensors, GATES[cell] * hidden, inputs, hidden);
    nodes.push(recurrentNode(cell, layer, last(), tensors));
    inputs = hidden;
  }
  if (output !== undefined) {
    const weight = draw('head.weight', [output, inputs]);
    const tensors = bias ? { weight, bias: draw('head.bias', [output]) } : { weight };
    nodes.push({ type: 'dense', name: 'head', input: last(), tensors, ...(activation && { activation }) });
  } else if (activation !== undefined) {
    nodes.push({ type: 'activation', name: 'activation', input: last(), activation });
  }
  return nodes;
}

function drawRecurrent(
  draw: Draw,
  names: RecurrentTensors,
  rows: number,
  inputs: number,
  hidden: number,
): void {
  draw(names.weight_ih, [rows, inputs]);
  draw(names.weight_hh, [rows, hidden]);
  if (names.bias_ih !== undefined) draw(names.bias_ih, [rows]);
  if (names.bias_hh !== undefined) draw(names.bias_hh, [rows]);
}

/** A layer's tensors as a PyTorch state_dict names them. */
export function recurrentTensorNames(layer: number, bias: boolean): RecurrentTensors {
  const weights = { weight_ih: `rnn.weight_ih_l${layer}`, weight_hh: `rnn.weight_hh_l${layer}` };
  if (!bias) return weights;
  return { ...weights, bias_ih: `rnn.bias_ih_l${layer}`, bias_hh: `rnn.bias_hh_l${layer}` };
}

/** The node `rnn.l<layer>` of a cell. */
export function recurrentNode(
  cell: CellName,
  layer: number,
  input: string,
  tensors: RecurrentTensors,
): GraphNode {
  const base = { name: `rnn.l${layer}`, input, tensors };
  switch (cell) {
    case 'rnn-tanh':
      return { ...base, type: 'rnn', nonlinearity: 'tanh' };
    case 'rnn-relu':
      return { ...base, type: 'rnn', nonlinearity: 'relu' };
    case 'lstm':
      return { ...base, type: 'lstm' };
    case 'gru-after':
      return { ...base, type: 'gru', resetAfter: true };
    case 'gru-before':
      return { ...base, type: 'gru', resetAfter: false };
  }
}
