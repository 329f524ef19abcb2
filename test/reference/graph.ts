/**
 * A graph in float64, node after node, timestep after timestep: the oracle that kernels, cells and sessions
 * are compared with. It is written to be read, and uses the host's Math.
 */
import type { GraphNode, GruNode, LstmNode, ModelDefinition, RnnNode } from '../../src/graph/definition.ts';
import { activate } from './activations.ts';
import { denseStep } from './dense.ts';
import { embeddingStep } from './embedding.ts';
import { gruStep } from './gru.ts';
import { lstmStep } from './lstm.ts';
import { type RecurrentState, type RecurrentStep, rnnStep } from './rnn.ts';
import { matrixOf, recurrentWeightsOf, vectorOf } from './weights.ts';

/** A vector of features, or a token. */
export type ReferenceInput = number | ArrayLike<number>;

type RecurrentNode = RnnNode | LstmNode | GruNode;
type Values = Map<string, Float64Array>;
type Run = (values: Values) => Float64Array;

export class ReferenceSession {
  /** `<node>.h` of every recurrent node and `<node>.c` of every LSTM, zeros at first: [hidden] each. */
  readonly states: Values = new Map();
  /**
   * By recurrent node, after the last step: the gates after their activations, concatenated in PyTorch's
   * order.
   */
  readonly gates: Values = new Map();
  /** By input or node, after the last step: its value. */
  readonly values: Values = new Map();
  readonly #definition: ModelDefinition;
  readonly #nodes: { readonly name: string; readonly run: Run }[];

  constructor(definition: ModelDefinition) {
    this.#definition = definition;
    this.#nodes = definition.graph.nodes.map((node) => ({ name: node.name, run: this.#prepare(node) }));
    this.reset();
  }

  /** A timestep of a graph with one input; gives the first output. */
  step(input: ReferenceInput): Float64Array {
    const [only, ...others] = this.#definition.graph.inputs;
    if (only === undefined || others.length > 0) throw new Error('step takes a graph with exactly one input');
    const outputs = this.stepNamed({ [only.name]: input });
    return outputs[this.#definition.graph.outputs[0]!.name]!;
  }

  /** A timestep: inputs by name to outputs by name. */
  stepNamed(inputs: Readonly<Record<string, ReferenceInput>>): Record<string, Float64Array> {
    for (const { name, kind, size } of this.#definition.graph.inputs) {
      const given = inputs[name];
      if (given === undefined) throw new Error(`no value for the input ${name}`);
      const value = Float64Array.from(typeof given === 'number' ? [given] : Array.from(given));
      const length = kind === 'tokens' ? 1 : size;
      if (value.length !== length) throw new Error(`input ${name}: ${length} expected, ${value.length} came`);
      this.values.set(name, value);
    }
    for (const { name, run } of this.#nodes) this.values.set(name, run(this.values));
    const outputs = this.#definition.graph.outputs;
    return Object.fromEntries(outputs.map(({ name, from }) => [name, readValue(this.values, from).slice()]));
  }

  /** Every state to zero, as in a new session. */
  reset(): void {
    for (const state of this.states.values()) state.fill(0);
    this.gates.clear();
    this.values.clear();
  }

  #prepare(node: GraphNode): Run {
    const { tensors } = this.#definition;
    switch (node.type) {
      case 'embedding': {
        const weight = matrixOf(tensors, node.tensors.weight);
        return (values) => embeddingStep(weight, readValue(values, node.input)[0]!);
      }
      case 'dense': {
        const weight = matrixOf(tensors, node.tensors.weight);
        const bias = vectorOf(tensors, node.tensors.bias, weight.rows);
        return (values) => denseStep(weight, bias, node.activation, readValue(values, node.input));
      }
      case 'activation':
        return (values) => activate(readValue(values, node.input), node.activation);
      default:
        return this.#prepareRecurrent(node);
    }
  }

  #prepareRecurrent(node: RecurrentNode): Run {
    const cell = cellOf(node, this.#definition.tensors);
    const names = node.type === 'lstm' ? (['h', 'c'] as const) : (['h'] as const);
    for (const name of names) this.states.set(`${node.name}.${name}`, new Float64Array(cell.hidden));
    return (values) => {
      const state = names.map((name) => [name, this.states.get(`${node.name}.${name}`)!]);
      const result = cell.step(readValue(values, node.input), Object.fromEntries(state));
      for (const name of names) this.states.set(`${node.name}.${name}`, result[name]!);
      this.gates.set(node.name, result.gates);
      return result.h.slice();
    };
  }
}

interface Cell {
  readonly hidden: number;
  readonly step: (x: Float64Array, state: RecurrentState) => RecurrentStep;
}

function cellOf(node: RecurrentNode, tensors: ModelDefinition['tensors']): Cell {
  const weights = recurrentWeightsOf(tensors, node.tensors);
  const hidden = weights.weight_hh.columns;
  switch (node.type) {
    case 'rnn':
      return { hidden, step: (x, state) => rnnStep(weights, node.nonlinearity, x, state) };
    case 'lstm':
      return { hidden, step: (x, state) => lstmStep(weights, x, state) };
    case 'gru':
      return { hidden, step: (x, state) => gruStep(weights, node.resetAfter, x, state) };
  }
}

function readValue(values: Values, name: string): Float64Array {
  const value = values.get(name);
  if (value === undefined) throw new Error(`nothing named ${name} has been computed before it is read`);
  return value;
}
