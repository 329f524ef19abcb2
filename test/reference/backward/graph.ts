/**
 * Truncated backpropagation through time over a graph in float64: each stream of a batch through ../graph.ts, and back.
 * The oracle that the trainer is compared with.
 */
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import type { LossOptions } from '../../../src/train/losses/table.ts';
import { backward, type Value } from '../autodiff.ts';
import { ReferenceGraph, sequenceOf } from '../graph.ts';
import type { Sequence } from '../nodes.ts';
import { ctcLoss, type ReferenceLoss, rowLoss } from './loss.ts';

export type { ReferenceLoss };

/** A batch [timesteps, batch], each row a vector of features or a token. */
export interface ReferenceBatch {
  readonly inputs: ArrayLike<number>;
  /** Of each stream, 0 … timesteps; all of them unless given. */
  readonly lengths?: ArrayLike<number>;
}

export interface ReferenceWindow extends ReferenceBatch {
  /** Classes [timesteps, batch] or values [timesteps, batch, size]; of CTC the labels of all streams. */
  readonly targets: ArrayLike<number>;
  /** Of CTC: how many labels each stream has. */
  readonly targetLengths?: ArrayLike<number>;
  /** [timesteps, batch] of each row in the loss, ones unless given; rows beyond a length have none. Of CTC [batch]. */
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
  readonly #loss: LossOptions;
  readonly #batchSize: number;
  /** Of each stream, what the windows so far have left. */
  #states: Map<string, Value>[];

  constructor(definition: ModelDefinition, options: { batchSize: number; loss: ReferenceLoss }) {
    this.#graph = new ReferenceGraph(definition);
    this.#loss = (typeof options.loss === 'string' ? { type: options.loss } : options.loss) as LossOptions;
    this.#batchSize = options.batchSize;
    this.#states = Array.from({ length: options.batchSize }, () => new Map());
  }

  /** The loss of a window, weighted mean over its rows; gradients are there afterwards, and the state is carried on. */
  window(window: ReferenceWindow, timesteps: number): number {
    for (const { gradient } of this.#graph.parameters.values()) gradient.fill(0);
    const streams = this.#states.map((_, row) => this.#stream(window, timesteps, row));
    const rows = streams.flatMap((stream) => stream.rows);
    const total = rows.reduce((sum, { weight, factor }) => sum + weight * factor, 0);
    backward(
      rows.map(({ value, dy, weight }) => ({ value, seed: dy.map((each) => (each * weight) / total) })),
    );
    for (const [name, { gradient }] of this.#graph.parameters) this.gradients.set(name, gradient.slice());
    this.outputs = streams.map(({ outputs }) => outputs.map(({ data }) => data));
    this.inputGradients = streams.map(({ inputs }) => inputs.map(({ gradient }) => gradient));
    return rows.reduce((sum, { loss, weight }) => sum + loss * weight, 0) / total;
  }

  /** One stream forward: its inputs and outputs, and the rows that the loss is a mean over. */
  #stream(window: ReferenceWindow, timesteps: number, row: number) {
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
    const rows =
      this.#loss.type === 'ctc' ? this.#sequenceLoss(window, outputs, row) : this.#rows(window, outputs, row);
    return { inputs, outputs, rows };
  }

  /** Of every timestep the loss, its derivative and the row's weight, which the loss multiplies by a factor. */
  #rows({ targets, weights }: ReferenceWindow, outputs: Sequence, row: number) {
    return outputs.map((value, t) => {
      const index = t * this.#batchSize + row;
      const { weight: factor, ...own } = rowLoss(this.#loss, value.data, targets, index);
      return { ...own, value, weight: weights?.[index] ?? 1, factor };
    });
  }

  /** A stream of no timesteps has no loss. */
  #sequenceLoss({ targets, targetLengths, weights }: ReferenceWindow, outputs: Sequence, row: number) {
    if (outputs.length === 0) return [];
    const counts = Array.from(targetLengths!);
    const first = counts.slice(0, row).reduce((sum, count) => sum + count, 0);
    const labels = Array.from(targets).slice(first, first + counts[row]!);
    const { blank = 0 } = this.#loss as LossOptions & { type: 'ctc' };
    const value = ctcLoss(outputs, labels, blank);
    return [{ value, loss: value.data[0]!, dy: Float64Array.of(1), weight: weights?.[row] ?? 1, factor: 1 }];
  }

  #sequence({ inputs, lengths }: ReferenceBatch, timesteps: number, row: number): Sequence {
    const rows = sequenceOf(inputs, inputs.length / (timesteps * this.#batchSize));
    const length = lengths?.[row] ?? timesteps;
    return Array.from({ length }, (_, t) => rows[t * this.#batchSize + row]!);
  }
}
