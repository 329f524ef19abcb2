/**
 * Truncated backpropagation through time over a graph in float64: the forward of ../graph.ts for each row of a
 * batch, then node after node and timestep after timestep back. The oracle that the trainer is compared with.
 */
import type {
  DenseNode,
  GraphNode,
  GruNode,
  LstmNode,
  ModelDefinition,
  RnnNode,
} from '../../../src/graph/definition.ts';
import { ReferenceSession } from '../graph.ts';
import { add, type Matrix } from '../matrix.ts';
import type { RecurrentState, RecurrentStep, RecurrentWeights } from '../rnn.ts';
import { matrixOf, recurrentWeightsOf } from '../weights.ts';
import { activateBackward } from './activations.ts';
import { denseBackward } from './dense.ts';
import { embeddingBackward } from './embedding.ts';
import { gruBackward } from './gru.ts';
import { crossEntropy, meanSquaredError, type RowLoss } from './loss.ts';
import { lstmBackward } from './lstm.ts';
import { type RecurrentBackward, rnnBackward } from './rnn.ts';

export type ReferenceLoss = 'cross-entropy' | 'mean-squared-error';

export interface ReferenceWindow {
  /** Tokens [timesteps, batch] or features [timesteps, batch, size]. */
  readonly inputs: ArrayLike<number>;
  /** Classes [timesteps, batch] or values [timesteps, batch, size]. */
  readonly targets: ArrayLike<number>;
  /** [timesteps, batch] of each row in the loss, ones unless given. */
  readonly weights?: ArrayLike<number>;
}

type RecurrentNode = RnnNode | LstmNode | GruNode;
type Vectors = ReadonlyMap<string, Float64Array>;

/** What a timestep of one row leaves for its backward pass. */
interface TapeEntry {
  readonly before: Vectors;
  readonly after: Vectors;
  readonly gates: Vectors;
  readonly values: Vectors;
  /** Of the loss with respect to the output. */
  readonly dOutput: Float64Array;
}

/** The gradients at a timestep, by node or state; what is missing is zero. */
type Flow = Map<string, Float64Array>;

export class ReferenceTrainer {
  /**
   * By tensor, row-major: the partial derivatives of the last window's loss. Of an LSTM's or an RNN's two biases each
   * has its own, and they are equal. The state before the window counts as a constant.
   */
  readonly gradients = new Map<string, Float64Array>();
  readonly #definition: ModelDefinition;
  readonly #loss: ReferenceLoss;
  readonly #rows: ReferenceSession[];

  constructor(definition: ModelDefinition, options: { batchSize: number; loss: ReferenceLoss }) {
    this.#definition = definition;
    this.#loss = options.loss;
    this.#rows = Array.from({ length: options.batchSize }, () => new ReferenceSession(definition));
  }

  /** The loss of a window, weighted mean over its rows; gradients are there afterwards, and the state is carried on. */
  window(window: ReferenceWindow, timesteps: number): number {
    this.gradients.clear();
    for (const [name, { data }] of this.#definition.tensors) {
      this.gradients.set(name, new Float64Array(data.length));
    }
    const weights = Float64Array.from(window.weights ?? new Array(timesteps * this.#rows.length).fill(1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let loss = 0;
    for (const [row, session] of this.#rows.entries()) {
      const tape: TapeEntry[] = [];
      for (let t = 0; t < timesteps; t++) {
        const index = t * this.#rows.length + row;
        const share = weights[index]! / total;
        const { entry, result } = this.#step(session, window, index);
        tape.push({ ...entry, dOutput: result.dy.map((value) => value * share) });
        loss += result.loss * share;
      }
      this.#backward(tape);
    }
    return loss;
  }

  #step(session: ReferenceSession, window: ReferenceWindow, index: number) {
    const { kind, size } = this.#definition.graph.inputs[0]!;
    const before = new Map(session.states);
    const output = session.step(rowOf(window.inputs, index, kind === 'tokens' ? 1 : size));
    const result: RowLoss =
      this.#loss === 'cross-entropy'
        ? crossEntropy(output, window.targets[index]!)
        : meanSquaredError(output, rowOf(window.targets, index, output.length));
    // The session puts new vectors in place of old ones, so that a map of the same vectors is a record.
    const entry = {
      before,
      after: new Map(session.states),
      gates: new Map(session.gates),
      values: new Map(session.values),
    };
    return { entry, result };
  }

  #backward(tape: readonly TapeEntry[]): void {
    const { nodes, outputs } = this.#definition.graph;
    let later: Flow = new Map();
    for (const entry of tape.toReversed()) {
      const flow: Flow = new Map([[outputs[0]!.from, entry.dOutput]]);
      const earlier: Flow = new Map();
      for (const node of nodes.toReversed()) {
        const value = entry.values.get(node.name)!;
        const dy = flow.get(node.name) ?? new Float64Array(value.length);
        const dx = this.#node(node, entry, dy, later, earlier);
        if (dx !== undefined)
          flow.set(node.input, add(dx, flow.get(node.input) ?? new Float64Array(dx.length)));
      }
      later = earlier;
    }
  }

  /** Backward of a node at a timestep; nothing where its input has no gradient. */
  #node(
    node: GraphNode,
    entry: TapeEntry,
    dy: Float64Array,
    later: Flow,
    earlier: Flow,
  ): Float64Array | undefined {
    const x = entry.values.get(node.input)!;
    switch (node.type) {
      case 'embedding':
        embeddingBackward(this.#gradientMatrix(node.tensors.weight), x[0]!, dy);
        return undefined;
      case 'dense':
        return this.#dense(node, x, entry.values.get(node.name)!, dy);
      case 'activation':
        return activateBackward(node.activation, entry.values.get(node.name)!, dy);
      default:
        return this.#recurrent(node, x, entry, dy, later, earlier);
    }
  }

  #dense(node: DenseNode, x: Float64Array, y: Float64Array, dy: Float64Array): Float64Array {
    const weight = matrixOf(this.#definition.tensors, node.tensors.weight);
    const gradients = {
      weight: this.#gradientMatrix(node.tensors.weight),
      bias: this.#gradientVector(node.tensors.bias, weight.rows),
    };
    return denseBackward(weight, node.activation, x, y, dy, gradients);
  }

  #recurrent(
    node: RecurrentNode,
    x: Float64Array,
    entry: TapeEntry,
    dy: Float64Array,
    later: Flow,
    earlier: Flow,
  ): Float64Array {
    const weights = recurrentWeightsOf(this.#definition.tensors, node.tensors);
    const gradients: RecurrentWeights = {
      weight_ih: this.#gradientMatrix(node.tensors.weight_ih),
      weight_hh: this.#gradientMatrix(node.tensors.weight_hh),
      bias_ih: this.#gradientVector(node.tensors.bias_ih, weights.weight_ih.rows),
      bias_hh: this.#gradientVector(node.tensors.bias_hh, weights.weight_ih.rows),
    };
    const [h, c] = [`${node.name}.h`, `${node.name}.c`];
    const state = stateOf(entry.before, h, c);
    const step = { ...stateOf(entry.after, h, c), gates: entry.gates.get(node.name)! };
    const dh = add(dy, later.get(h) ?? new Float64Array(dy.length));
    const dc = later.get(c) ?? new Float64Array(dy.length);
    const result = recurrentBackward(node, weights, x, state, step, dh, dc, gradients);
    earlier.set(h, result.dh);
    if (result.dc) earlier.set(c, result.dc);
    return result.dx;
  }

  #gradientMatrix(name: string): Matrix {
    const [rows, columns] = this.#definition.tensors.get(name)!.shape as [number, number];
    return { rows, columns, data: this.gradients.get(name)! };
  }

  /** Somewhere to add to, where the layer has no such bias. */
  #gradientVector(name: string | undefined, length: number): Float64Array {
    return name === undefined ? new Float64Array(length) : this.gradients.get(name)!;
  }
}

function recurrentBackward(
  node: RecurrentNode,
  weights: RecurrentWeights,
  x: Float64Array,
  state: RecurrentState,
  step: RecurrentStep,
  dh: Float64Array,
  dc: Float64Array,
  gradients: RecurrentWeights,
): RecurrentBackward {
  switch (node.type) {
    case 'rnn':
      return rnnBackward(weights, node.nonlinearity, x, state, step, dh, gradients);
    case 'lstm':
      return lstmBackward(weights, x, state, step, dh, dc, gradients);
    case 'gru':
      return gruBackward(weights, node.resetAfter, x, state, step, dh, gradients);
  }
}

function stateOf(states: Vectors, h: string, c: string): RecurrentState {
  const cell = states.get(c);
  return cell ? { h: states.get(h)!, c: cell } : { h: states.get(h)! };
}

function rowOf(values: ArrayLike<number>, index: number, size: number): number[] {
  return Array.from({ length: size }, (_, n) => values[index * size + n]!);
}
