/** Models in training and windows for them: every cell, sizes around a panel, batches odd and even. */
import type { ModelDefinition } from '../../src/graph/definition.ts';
import type { LossName } from '../../src/train/losses/table.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import type { Random } from '../reference/random.ts';

export interface TrainBitwiseCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly loss: LossName;
  readonly batchSize: number;
  readonly unroll: number;
}

export function trainBitwiseCases(): TrainBitwiseCase[] {
  return CELLS.flatMap((cell, i): TrainBitwiseCase[] => {
    const text = { cell, vocabulary: 13, input: 9, hidden: 20, depth: 2, output: 13, seed: 10 * i };
    const wide = { cell, input: 7, hidden: 33, depth: 3, output: 5, seed: 10 * i + 1 };
    const classes = { cell, input: 40, hidden: 64, depth: 1, output: 40, seed: 10 * i + 2 };
    const bare = { cell, input: 1, hidden: 5, depth: 2, bias: false, seed: 10 * i + 3 };
    const squashed = {
      cell,
      input: 3,
      hidden: 17,
      depth: 1,
      output: 19,
      activation: 'tanh',
      seed: 10 * i + 4,
    } as const;
    return [
      {
        name: `${cell} of tokens, batch 1`,
        loss: 'cross-entropy',
        batchSize: 1,
        unroll: 20,
        definition: randomModel(text),
      },
      {
        name: `${cell} 33×3, batch 3`,
        loss: 'mean-squared-error',
        batchSize: 3,
        unroll: 9,
        definition: randomModel(wide),
      },
      {
        name: `${cell} 64, batch 16`,
        loss: 'cross-entropy',
        batchSize: 16,
        unroll: 4,
        definition: randomModel(classes),
      },
      {
        name: `${cell} without biases, batch 1`,
        loss: 'mean-squared-error',
        batchSize: 1,
        unroll: 70,
        definition: randomModel(bare),
      },
      {
        name: `${cell} and tanh, batch 2`,
        loss: 'mean-squared-error',
        batchSize: 2,
        unroll: 1,
        definition: randomModel(squashed),
      },
    ];
  });
}

/** A random window; `weighted`: rows weigh differently, some nothing, but the first one does. */
export function randomWindow(
  { definition, loss }: Pick<TrainBitwiseCase, 'definition' | 'loss'>,
  rows: number,
  random: Random,
  weighted = false,
): WindowInput {
  const { kind, size } = definition.graph.inputs[0]!;
  const output = outputSize(definition);
  const window = {
    inputs: kind === 'tokens' ? random.integers(rows, 0, size) : random.gaussians(rows * size),
    targets: loss === 'cross-entropy' ? random.integers(rows, 0, output) : random.gaussians(rows * output),
  };
  if (!weighted) return window;
  const weights = Float32Array.from({ length: rows }, () => Math.max(0, random.uniform(-0.5, 1)));
  weights[0] = 1;
  return { ...window, weights };
}

/** Of the head, or of the last recurrent layer. */
function outputSize({ graph, tensors }: ModelDefinition): number {
  const last = graph.nodes.at(-1)!;
  if (last.type === 'dense') return tensors.get(last.tensors.weight)!.shape[0]!;
  if (last.type === 'rnn' || last.type === 'lstm' || last.type === 'gru') {
    return tensors.get(last.tensors.weight_hh)!.shape[1]!;
  }
  throw new Error(`no size of ${last.name}`);
}
