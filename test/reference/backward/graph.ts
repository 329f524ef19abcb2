/**
 * Truncated backpropagation through time over a graph in float64: each stream of a batch through ../graph.ts, and back.
 * The oracle that the trainer is compared with.
 */
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { backward, type Value } from '../autodiff.ts';
import { ReferenceGraph, sequenceOf } from '../graph.ts';
import type { Sequence } from '../nodes.ts';
import { crossEntropy, meanSquaredError } from './loss.ts';

export type ReferenceLoss = 'cross-entropy' | 'mean-squared-error';

/** A batch [timesteps, batch], each row a vector of features or a token. */
export interface ReferenceBatch {
  readonly inputs: ArrayLike<number>;
  /** Of each stream, 0 … timesteps; all of them unless given. */
  readonly lengths?: ArrayLike<number>;
}

export interface ReferenceWindow extends ReferenceBatch {
  /** Classes [timesteps, batch] or values [timesteps, batch, size]. */
  readonly targets: ArrayLike<number>;
  /** [timesteps, batch] of each row in the loss, ones unless given; rows beyond a length have none. */
  readonly weights?: ArrayLike<number>;
  /** What the encoder reads, of a graph that has one. */
  readonly source?: ReferenceBatch & { readonly timesteps: number };
}

export class ReferenceTrainer {
  /**
   * By tensor, row-major: the partial derivatives of the last window's loss. Of an LSTM's or an RNN's two biases each
   * has its own, and they are equal. The state before the window counts as a constant.
   */
  readonly gradients = new Map<string, Float64Array>();
  /** Of the last window, by stream and timestep; inputGradients of its inputs. */
  outputs: Float64Array[][] = [];
  inputGradients: Float64Array[][] = [];
  readonly #graph: ReferenceGraph;
  readonly #loss: ReferenceLoss;
  readonly #batchSize: number;
  /** Of each stream, what the windows so far have left. */
  #states: Map<string, Value>[];

  constructor(definition: ModelDefinition, options: { batchSize: number; loss: ReferenceLoss }) {
    this.#graph = new ReferenceGraph(definition);
    this.#loss = options.loss;
    this.#batchSize = options.batchSize;
    this.#states = Array.from({ length: options.batchSize }, () => new Map());
  }

  /** The loss of a window, weighted mean over its rows; gradients are there afterwards, and the state is carried on. */
  window(window: ReferenceWindow, timesteps: number): number {
    for (const { gradient } of this.#graph.parameters.values()) gradient.fill(0);
    const weights = this.#weights(window, timesteps);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const streams = this.#states.map((_, row) => this.#stream(window, timesteps, row, weights));
    backward(
      streams.flatMap(({ rows }) =>
        rows.map(({ value, dy, weight }) => ({ value, seed: dy.map((each) => (each * weight) / total) })),
      ),
    );
    for (const [name, { gradient }] of this.#graph.parameters) this.gradients.set(name, gradient.slice());
    this.outputs = streams.map((stream) => stream.rows.map(({ value }) => value.data));
    this.inputGradients = streams.map(({ inputs }) => inputs.map(({ gradient }) => gradient));
    const rows = streams.flatMap((stream) => stream.rows);
    return rows.reduce((sum, { loss, weight }) => sum + loss * weight, 0) / total;
  }

  /** One stream forward: its inputs, and of every timestep output, loss and weight. */
  #stream(window: ReferenceWindow, timesteps: number, row: number, weights: Float64Array) {
    const { graph } = this.#graph.definition;
    const input = graph.inputs[0]!;
    const inputs = this.#sequence(window, timesteps, row);
    const port = graph.encoder?.inputs[0];
    const encoded =
      port && window.source
        ? this.#graph.encode({
            [port.name]: this.#sequence(window.source, window.source.timesteps, row),
          })
        : undefined;
    // A window with a sequence for the encoder begins anew.
    const before = encoded ? new Map<string, Value>() : this.#states[row]!;
    const run = this.#graph.run({ [input.name]: inputs }, { before, encoded });
    this.#states[row] = new Map([...run.states].map(([name, value]) => [name, value.detach()]));
    const outputs = run.values.get(graph.outputs[0]!.from)!;
    const rows = outputs.map((value, t) => {
      const index = t * this.#batchSize + row;
      return { value, weight: weights[index]!, ...this.#lossOf(value.data, window.targets, index) };
    });
    return { inputs, rows };
  }

  #sequence({ inputs, lengths }: ReferenceBatch, timesteps: number, row: number): Sequence {
    const rows = sequenceOf(inputs, inputs.length / (timesteps * this.#batchSize));
    const length = lengths?.[row] ?? timesteps;
    return Array.from({ length }, (_, t) => rows[t * this.#batchSize + row]!);
  }

  #weights({ weights, lengths }: ReferenceWindow, timesteps: number): Float64Array {
    return Float64Array.from({ length: timesteps * this.#batchSize }, (_, index) => {
      const [t, row] = [Math.floor(index / this.#batchSize), index % this.#batchSize];
      return t < (lengths?.[row] ?? timesteps) ? (weights?.[index] ?? 1) : 0;
    });
  }

  #lossOf(output: Float64Array, targets: ArrayLike<number>, index: number) {
    if (this.#loss === 'cross-entropy') return crossEntropy(output, targets[index]!);
    const first = index * output.length;
    return meanSquaredError(
      output,
      Array.from(output, (_, n) => targets[first + n]!),
    );
  }
}
