/**
 * The golden cases: models with their inputs and what PyTorch gives for them in float64 (pytorch.py made the
 * fixtures). Every value is compared by its scaled error, |difference| / max(1, |expected|): h and gates of
 * all cells but the ReLU RNN are bounded by 1, c, ReLU states and logits are not.
 */
import type { ActivationName, GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { CELLS, type CellName, recurrentNode, recurrentTensorNames } from '../reference/models.ts';
import { Fixture } from './fixture.ts';

/** Of the float32 runtime, as a scaled error. The recurrent cases in PyTorch's float32 reach 5.3e-7. */
export const FLOAT32_TOLERANCE = 2e-6;
/** Of the float64 reference against PyTorch's float64: a hundred timesteps of roundings of 1e-16. */
export const FLOAT64_TOLERANCE = 1e-12;

export interface ExpectedValues {
  /** By layer, the node `rnn.l<layer>`: [timesteps, hidden]. Empty where the model has no recurrent layer. */
  readonly h: readonly Float64Array[];
  /** LSTM: as h. */
  readonly c?: readonly Float64Array[];
  /**
   * LSTM (i, f, g, o) and GRU (r, z, n), after their activations, by layer: [timesteps.length,
   * gates*hidden].
   */
  readonly gates?: { readonly timesteps: readonly number[]; readonly layers: readonly Float64Array[] };
  /** Of the output `output`: [timesteps, size]. For a bare recurrent stack it is the last layer's h. */
  readonly outputs: Float64Array;
}

export interface GoldenCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  /** Features [timesteps, size], or tokens [timesteps]. */
  readonly inputs: Float32Array | Uint32Array;
  readonly timesteps: number;
  readonly expected: ExpectedValues;
}

const SIZES = ['5x33', '16x16'];
const DEPTHS = [1, 2, 3];
const ACTIVATIONS: readonly ActivationName[] = ['sigmoid', 'tanh', 'relu', 'softmax'];

/** Reads the fixtures anew at each call. */
export function goldenCases(): GoldenCase[] {
  return [...CELLS.flatMap(recurrentCases), languageModelCase(), ...denseCases()];
}

function recurrentCases(cell: CellName): GoldenCase[] {
  return SIZES.flatMap((size) => {
    const fixture = new Fixture(cell, `${size}/`);
    const inputs = fixture.float32('inputs');
    const timesteps = fixture.size('inputs', 0);
    return DEPTHS.map((depth) => {
      const nodes = recurrentNodes(cell, depth, 'input');
      const input = { name: 'input', kind: 'features', size: fixture.size('inputs', 1) } as const;
      const outputs = fixture.float64(`h_l${depth - 1}`);
      const expected = { ...recurrentValues(fixture, cell, depth), outputs };
      const definition = definitionOf(input, nodes, fixture);
      return { name: `${cell} ${size} depth ${depth}`, definition, inputs, timesteps, expected };
    });
  });
}

function languageModelCase(): GoldenCase {
  const fixture = new Fixture('language-model');
  const depth = 2;
  const nodes: GraphNode[] = [
    { type: 'embedding', name: 'embedding', input: 'input', tensors: { weight: 'embedding.weight' } },
    ...recurrentNodes('lstm', depth, 'embedding'),
    { type: 'dense', name: 'head', input: `rnn.l${depth - 1}`, tensors: HEAD },
  ];
  const vocabulary = fixture.size('embedding.weight', 0);
  return {
    name: `embedding, lstm depth ${depth}, dense`,
    definition: definitionOf({ name: 'input', kind: 'tokens', size: vocabulary }, nodes, fixture),
    inputs: Uint32Array.from(fixture.int32('tokens')),
    timesteps: fixture.size('tokens', 0),
    expected: { ...recurrentValues(fixture, 'lstm', depth), outputs: fixture.float64('logits') },
  };
}

const HEAD = { weight: 'head.weight', bias: 'head.bias' } as const;

/**
 * A dense layer without a bias, with one, and with each activation: within the node, and as a node after
 * it.
 */
function denseCases(): GoldenCase[] {
  const fixture = new Fixture('dense');
  const inputs = fixture.float32('inputs');
  const linear = { type: 'dense', name: 'head', input: 'input', tensors: HEAD } as const;
  const denseCase = (name: string, outputs: string, ...nodes: GraphNode[]): GoldenCase => ({
    name,
    definition: definitionOf(
      { name: 'input', kind: 'features', size: fixture.size('inputs', 1) },
      nodes,
      fixture,
    ),
    inputs,
    timesteps: fixture.size('inputs', 0),
    expected: { h: [], outputs: fixture.float64(outputs) },
  });
  return [
    denseCase('dense without bias', 'without_bias', { ...linear, tensors: { weight: HEAD.weight } }),
    denseCase('dense', 'linear', linear),
    ...ACTIVATIONS.flatMap((activation) => [
      denseCase(`dense with ${activation}`, activation, { ...linear, activation }),
      denseCase(`dense, then ${activation}`, activation, linear, {
        type: 'activation',
        name: 'activation',
        input: 'head',
        activation,
      }),
    ]),
  ];
}

function recurrentNodes(cell: CellName, depth: number, input: string): GraphNode[] {
  return Array.from({ length: depth }, (_, layer) =>
    recurrentNode(cell, layer, layer === 0 ? input : `rnn.l${layer - 1}`, recurrentTensorNames(layer, true)),
  );
}

function recurrentValues(fixture: Fixture, cell: CellName, depth: number): Omit<ExpectedValues, 'outputs'> {
  const layers = (name: string) =>
    Array.from({ length: depth }, (_, layer) => fixture.float64(`${name}_l${layer}`));
  const h = layers('h');
  if (cell === 'rnn-tanh' || cell === 'rnn-relu') return { h };
  const gates = { timesteps: Array.from(fixture.int32('gate_timesteps')), layers: layers('gates') };
  return cell === 'lstm' ? { h, c: layers('c'), gates } : { h, gates };
}

/** The definition with those tensors of the fixture that its nodes name; the last node is the output. */
function definitionOf(
  input: ModelDefinition['graph']['inputs'][number],
  nodes: readonly GraphNode[],
  fixture: Fixture,
): ModelDefinition {
  const tensors = new Map<string, Tensor>();
  for (const node of nodes) {
    if (!('tensors' in node)) continue;
    for (const name of Object.values<string>({ ...node.tensors })) {
      tensors.set(name, { dtype: 'F32', shape: fixture.shape(name), data: fixture.float32(name) });
    }
  }
  const outputs = [{ name: 'output', from: nodes.at(-1)!.name }];
  return { graph: { inputs: [input], outputs, nodes }, tensors };
}
