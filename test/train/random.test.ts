/** Gradients of random models against the float64 reference, on both builds: sizes that the golden cases do not have. */
import { describe, expect, it } from 'vitest';
import type { GraphNode, ModelDefinition } from '../../src/graph/definition.ts';
import type { LossName } from '../../src/train/losses/table.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { randomWindow } from './bitwise-cases.ts';
import { bits, normOf, parameterGradients, trainRuntime } from './cases.ts';

const SEED = 2024;
const MODELS = 30;
const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

interface RandomCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly loss: LossName;
  readonly batchSize: number;
  /** Timesteps of each window. */
  readonly windows: readonly number[];
}

/** Sizes around panels of 16 and their pairs, rows around blocks of 64 and 128. */
function randomCase(random: Random): RandomCase {
  const batchSize = random.pick([1, 1, 2, 3, 5, 8, 17]);
  const unroll = random.pick([1, 2, 5, 16, 63, 64, 65, 70]);
  const hidden = random.pick([1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 64]);
  const options = {
    cell: random.pick(CELLS),
    input: random.pick([1, 2, 16, 17, 33]),
    hidden,
    depth: random.integer(1, 4),
    bias: random.uniform() < 0.8,
    seed: random.integer(0, 2 ** 31),
    ...(random.uniform() < 0.5 && { vocabulary: random.pick([2, 16, 65]) }),
    ...(random.uniform() < 0.8 && { output: random.pick([1, 2, 16, 17, 65]) }),
  };
  if (batchSize * unroll * hidden * options.depth > 10_000) return randomCase(random);
  const loss = random.pick(['cross-entropy', 'mean-squared-error'] as const);
  const windows = [random.integer(1, unroll + 1), unroll];
  const name = JSON.stringify({ ...options, loss, batchSize, windows });
  return { name, definition: randomModel(options), loss, batchSize, windows };
}

/** The head reads the first of two layers: the second one stands beside the path to the output. */
function besideCase(): RandomCase {
  const model = randomModel({ cell: 'lstm', input: 3, hidden: 17, depth: 2, output: 5, seed: SEED });
  const nodes = model.graph.nodes.map(
    (node): GraphNode => (node.type === 'dense' ? { ...node, input: 'rnn.l0' } : node),
  );
  const definition = { ...model, graph: { ...model.graph, nodes } };
  return { name: 'a layer beside', definition, loss: 'cross-entropy', batchSize: 2, windows: [7, 7] };
}

/** The output is what the first of two layers gives. */
function behindCase(): RandomCase {
  const model = randomModel({ cell: 'gru-after', input: 3, hidden: 17, depth: 2, output: 5, seed: SEED });
  const definition = { ...model, graph: { ...model.graph, outputs: [{ name: 'output', from: 'rnn.l0' }] } };
  return { name: 'layers behind', definition, loss: 'cross-entropy', batchSize: 2, windows: [7, 7] };
}

function randomCases(): RandomCase[] {
  const random = new Random(SEED);
  return [...Array.from({ length: MODELS }, () => randomCase(random)), besideCase(), behindCase()];
}

/**
 * Over the tensor's largest entry; where that is small beside the whole gradient its terms have cancelled each other, as
 * in a tensor of one number, and a hundredth of the whole counts.
 */
function errorOf(actual: Float32Array, expected: Float64Array, norm: number): number {
  let [error, largest] = [0, norm / 100];
  for (const [n, value] of expected.entries()) {
    error = Math.max(error, Math.abs(actual[n]! - value));
    largest = Math.max(largest, Math.abs(value));
  }
  return error === 0 ? 0 : error / largest; // all zero: the loss of a single class
}

describe(`random models (seed ${SEED})`, () => {
  it.each(randomCases().map((each) => [each.name, each] as const))('%s', (_, each) => {
    const { definition, loss, batchSize, windows } = each;
    const options = { batchSize, unroll: Math.max(...windows), loss };
    const reference = new ReferenceTrainer(definition, options);
    const [simd, scalar] = [runtimes.simd, runtimes.scalar].map(
      (runtime) => new Trainer(runtime, definition, options),
    );
    const random = new Random(SEED);
    for (const [i, timesteps] of windows.entries()) {
      const window = randomWindow(each, timesteps * batchSize, random, i === 1);
      const expectedLoss = reference.window(window, timesteps);
      const result = simd!.window(window, timesteps);
      expect(scalar!.window(window, timesteps)).toEqual(result);
      const expected = parameterGradients(definition, reference.gradients);
      const norm = normOf(expected);
      expect(Math.abs(result.loss - expectedLoss)).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
      expect(Math.abs(result.gradientNorm - norm)).toBeLessThanOrEqual(GRADIENT_TOLERANCE * norm);
      const [found, other] = [simd!.gradients(), scalar!.gradients()];
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [name, gradient] of expected) {
        expect(errorOf(found.get(name)!, gradient, norm), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
        expect(bits(other.get(name)!), name).toEqual(bits(found.get(name)!));
      }
    }
    simd!.dispose();
    scalar!.dispose();
  });
});
