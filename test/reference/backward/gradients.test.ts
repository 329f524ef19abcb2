/** The backward passes against central differences of the forward reference, entry by entry of every parameter. */
import { describe, expect, it } from 'vitest';
import type { GraphNode, ModelDefinition, Tensor } from '../../../src/graph/definition.ts';
import { ReferenceSession } from '../graph.ts';
import { CELLS, randomModel } from '../models.ts';
import { Random } from '../random.ts';
import { relativeError } from './compare.ts';
import { type ReferenceLoss, ReferenceTrainer, type ReferenceWindow } from './graph.ts';
import { crossEntropy, meanSquaredError } from './loss.ts';

/**
 * A power of two, and parameters are multiples of a smaller one (GRID), so that float32 holds p ± STEP exactly. The
 * truncation error is STEP² / 6 times a third derivative, 6e-10 of it; that of rounding is some 2^-52 / STEP, 4e-12.
 */
const STEP = 2 ** -14;
const GRID = 2 ** -16;
/**
 * Over a tensor's largest gradient. The cases come to 6e-8, and with half the step to 9e-8: most of it is rounding,
 * relative to tensors with small gradients.
 */
const TOLERANCE = 5e-7;
const [BATCH, FIRST, SECOND] = [2, 3, 4];

interface DifferenceCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly loss: ReferenceLoss;
}

/** Every cell at depth 1 to 3, of tokens and of features, under both losses; every activation in and as a node. */
function cases(): DifferenceCase[] {
  const stacks = CELLS.flatMap((cell, i) =>
    [1, 2, 3].flatMap((depth) => {
      const options = { cell, input: 3, hidden: 3, depth, scale: 2, seed: 40 * i + depth } as const;
      const text = randomModel({ ...options, vocabulary: 5, output: 6 });
      return [
        { name: `${cell}×${depth} of tokens`, definition: text, loss: 'cross-entropy' as const },
        { name: `${cell}×${depth}`, definition: randomModel(options), loss: 'mean-squared-error' as const },
      ];
    }),
  );
  const activations = (['sigmoid', 'tanh', 'relu', 'softmax'] as const).flatMap((activation, i) => {
    const options = { cell: 'lstm', input: 3, hidden: 4, depth: 1, activation, seed: 400 + i } as const;
    const within = randomModel({ ...options, output: 5 });
    return [
      { name: `lstm, dense with ${activation}`, definition: within, loss: 'mean-squared-error' as const },
      { name: `lstm, ${activation}`, definition: randomModel(options), loss: 'cross-entropy' as const },
    ];
  });
  return [...stacks, ...activations, tiedCase(), twoReadersCase()];
}

/** One tensor is embedding and head. */
function tiedCase(): DifferenceCase {
  const model = randomModel({
    cell: 'gru-after',
    input: 4,
    vocabulary: 5,
    hidden: 4,
    depth: 1,
    output: 5,
    seed: 500,
  });
  const nodes = model.graph.nodes.map(
    (node): GraphNode =>
      node.type === 'dense' ? { ...node, tensors: { ...node.tensors, weight: 'embedding.weight' } } : node,
  );
  const tensors = new Map(model.tensors);
  tensors.delete('head.weight');
  return { name: 'tied', definition: { graph: { ...model.graph, nodes }, tensors }, loss: 'cross-entropy' };
}

/** A node beside the path to the output reads what a node on it reads. */
function twoReadersCase(): DifferenceCase {
  const model = randomModel({ cell: 'lstm', input: 3, hidden: 4, depth: 2, output: 5, seed: 501 });
  const nodes = model.graph.nodes.map(
    (node): GraphNode => (node.type === 'dense' ? { ...node, input: 'rnn.l0' } : node),
  );
  return {
    name: 'beside',
    definition: { ...model, graph: { ...model.graph, nodes } },
    loss: 'cross-entropy',
  };
}

/** The definition with every parameter on the grid. */
function onGrid(definition: ModelDefinition): ModelDefinition {
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, data }] of definition.tensors) {
    const values = Float32Array.from(data, (value) => Math.round(value / GRID) * GRID);
    tensors.set(name, { dtype: 'F32', shape, data: values });
  }
  return { ...definition, tensors };
}

function randomWindow(
  definition: ModelDefinition,
  loss: ReferenceLoss,
  timesteps: number,
  random: Random,
): ReferenceWindow {
  const { kind, size } = definition.graph.inputs[0]!;
  const rows = timesteps * BATCH;
  const output = new ReferenceSession(definition).step(kind === 'tokens' ? 0 : new Float64Array(size)).length;
  return {
    inputs: kind === 'tokens' ? random.integers(rows, 0, size) : random.gaussians(rows * size),
    targets: loss === 'cross-entropy' ? random.integers(rows, 0, output) : random.gaussians(rows * output),
    weights: Float32Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? 0 : random.uniform(0.5, 2))),
  };
}

type States = ReadonlyMap<string, Float64Array>;

/** The loss of a window by the forward reference alone, from given states: [batch] of them. */
function lossOf(
  { definition, loss }: DifferenceCase,
  window: ReferenceWindow,
  states: readonly States[],
): number {
  const { kind, size } = definition.graph.inputs[0]!;
  const width = kind === 'tokens' ? 1 : size;
  let sum = 0;
  for (const [row, state] of states.entries()) {
    const session = new ReferenceSession(definition);
    for (const [name, values] of state) session.states.set(name, values);
    for (let index = row; index < window.weights!.length; index += BATCH) {
      const output = session.step(Array.from(window.inputs).slice(index * width, (index + 1) * width));
      const target = Array.from(window.targets).slice(index * output.length, (index + 1) * output.length);
      const row =
        loss === 'cross-entropy'
          ? crossEntropy(output, window.targets[index]!)
          : meanSquaredError(output, target);
      sum += row.loss * window.weights![index]!;
    }
  }
  return sum / Array.from(window.weights!).reduce((total, weight) => total + weight, 0);
}

/** The states that a window leaves, by row. */
function statesAfter(definition: ModelDefinition, window: ReferenceWindow): States[] {
  const { kind, size } = definition.graph.inputs[0]!;
  const width = kind === 'tokens' ? 1 : size;
  return Array.from({ length: BATCH }, (_, row) => {
    const session = new ReferenceSession(definition);
    for (let index = row; index < window.weights!.length; index += BATCH)
      session.step(Array.from(window.inputs).slice(index * width, (index + 1) * width));
    return session.states;
  });
}

function differences(
  each: DifferenceCase,
  name: string,
  window: ReferenceWindow,
  states: readonly States[],
): Float64Array {
  const { data } = each.definition.tensors.get(name)! as { data: Float32Array };
  return Float64Array.from(data, (value, n) => {
    const at = (shifted: number) => {
      data[n] = shifted;
      if (data[n] !== shifted) throw new Error(`${name}: float32 does not hold ${shifted}`);
      return lossOf(each, window, states);
    };
    const slope = (at(value + STEP) - at(value - STEP)) / (2 * STEP);
    data[n] = value;
    return slope;
  });
}

describe('gradients of the reference are the slopes of its loss', () => {
  it.each(cases().map((each) => [each.name, each] as const))('%s', (_, given) => {
    const each = { ...given, definition: onGrid(given.definition) };
    const random = new Random(7);
    const [first, second] = [FIRST, SECOND].map((t) => randomWindow(each.definition, each.loss, t, random));
    const reference = new ReferenceTrainer(each.definition, { batchSize: BATCH, loss: each.loss });
    reference.window(first!, FIRST);
    const loss = reference.window(second!, SECOND);
    const states = statesAfter(each.definition, first!);
    expect(Math.abs(loss - lossOf(each, second!, states))).toBeLessThan(1e-14);
    for (const [name, gradient] of reference.gradients) {
      expect(relativeError(gradient, differences(each, name, second!, states)), name).toBeLessThanOrEqual(
        TOLERANCE,
      );
    }
  });
});
