/** Dropout in training: what is dropped, and gradients through the masks that were drawn. */
import { describe, expect, it } from 'vitest';
import type { GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { randomWindow } from './bitwise-cases.ts';
import { trainRuntime } from './cases.ts';

const runtime = trainRuntime('simd');

/**
 * How far a parameter moves for a central difference: so little that no relu changes sides (with 4e-3 some do). The
 * loss, a mean of 12 float32 losses near 2, is right to some 5e-8.
 */
const STEP = 1e-3;
/** Of a slope, absolute: twice that of the loss over STEP. Gradients of a tensor have norms of 0.01 to 1. */
const TOLERANCE = 1e-4;
const OPTIONS: TrainerOptions = { batchSize: 2, unroll: 6, loss: 'cross-entropy', dropout: 0.4, seed: 21 };

interface DropoutCase {
  readonly name: string;
  readonly definition: ModelDefinition;
}

/** Every cell, two deep and with a head; every activation below a dense layer. */
function cases(): DropoutCase[] {
  const cells = CELLS.map((cell, i) => {
    const options = {
      cell,
      input: 9,
      vocabulary: 11,
      hidden: 19,
      depth: 2,
      output: 7,
      seed: 60 + i,
    } as const;
    return { name: cell, definition: randomModel(options) };
  });
  const activations = (['sigmoid', 'tanh', 'relu', 'softmax'] as const).map((activation, i) => {
    const scale = activation === 'softmax' ? 6 : 1;
    const options = {
      cell: 'gru-after',
      input: 9,
      hidden: 19,
      depth: 1,
      output: 17,
      activation,
      scale,
    } as const;
    return {
      name: `dense with ${activation}`,
      definition: withHead(randomModel({ ...options, seed: 70 + i })),
    };
  });
  return [...cells, ...activations];
}

/** The model with one more dense layer, `top`, of 7 units. */
function withHead({ graph, tensors }: ModelDefinition): ModelDefinition {
  const last = graph.nodes.at(-1)!;
  const top: GraphNode = { type: 'dense', name: 'top', input: last.name, tensors: { weight: 'top.weight' } };
  const weight: Tensor = { dtype: 'F32', shape: [7, 17], data: new Random(80).uniforms(7 * 17, -1, 1) };
  return {
    graph: { ...graph, nodes: [...graph.nodes, top], outputs: [{ name: 'output', from: 'top' }] },
    tensors: new Map([...tensors, ['top.weight', weight]]),
  };
}

/** The loss of a first window, under the masks of the first window. */
function lossOf(definition: ModelDefinition, window: WindowInput): number {
  const trainer = new Trainer(runtime, definition, OPTIONS);
  const { loss } = trainer.window(window, OPTIONS.unroll);
  trainer.dispose();
  return loss;
}

/** The slope of the loss along a direction of length 1 in one tensor. */
function slopeAlong(
  definition: ModelDefinition,
  name: string,
  direction: Float64Array,
  window: WindowInput,
): number {
  const tensor = definition.tensors.get(name)!;
  const lossAt = (step: number) => {
    const data = Float32Array.from(tensor.data, (value, n) => value + step * direction[n]!);
    const tensors = new Map(definition.tensors).set(name, { ...tensor, dtype: 'F32', data });
    return lossOf({ ...definition, tensors }, window);
  };
  return (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
}

function unit(values: ArrayLike<number>): Float64Array {
  const length = Math.hypot(...Array.from(values));
  return Float64Array.from(values, (value) => value / length);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, n) => sum + value * b[n]!, 0);
}

describe('gradients are slopes of the loss under the same masks', () => {
  it.each(cases().map((each) => [each.name, each] as const))('%s', (_, { definition }) => {
    const random = new Random(22);
    const window = randomWindow({ definition, loss: 'cross-entropy' }, 12, random);
    const trainer = new Trainer(runtime, definition, OPTIONS);
    trainer.window(window, OPTIONS.unroll);
    const gradients = trainer.gradients();
    trainer.dispose();
    expect(gradients.size).toBeGreaterThan(4);
    for (const [name, gradient] of gradients) {
      // A direction along the gradient sees an error of any of its large entries, a random one the small ones too.
      const anywhere = unit(random.gaussians(gradient.length));
      if (name.includes('bias_hh')) anywhere.fill(0, 0, (anywhere.length / 3) * 2); // the rest is bias_ih's
      for (const direction of [unit(gradient), anywhere]) {
        const slope = slopeAlong(definition, name, direction, window);
        expect(Math.abs(slope - dot(gradient, direction)), name).toBeLessThanOrEqual(TOLERANCE);
      }
    }
  });
});

describe('what is dropped', () => {
  const [VOCABULARY, SIZE, UNITS] = [3, 1000, 2];

  /** The factors by which the values of an embedding reach the layer above, from the gradient of its weights. */
  function factors(dropout: number, seed: number): number[] {
    const options = {
      cell: 'lstm',
      input: SIZE,
      vocabulary: VOCABULARY,
      hidden: 1,
      depth: 0,
      output: UNITS,
      scale: 0.01,
    } as const;
    const definition = randomModel({ ...options, seed: 90 });
    const table = definition.tensors.get('embedding.weight')!.data as Float32Array;
    for (const [n, value] of table.entries()) table[n] = Math.sign(value) * (0.5 + Math.abs(value));
    const trainer = new Trainer(runtime, definition, { ...OPTIONS, batchSize: 1, unroll: 1, dropout, seed });
    trainer.window({ inputs: Uint32Array.of(1), targets: Uint32Array.of(0) }, 1);
    const gradients = trainer.gradients();
    trainer.dispose();
    const dy = gradients.get('head.bias')![0]!;
    return Array.from(
      gradients.get('head.weight')!.slice(0, SIZE),
      (value, k) => value / dy / table[SIZE + k]!,
    );
  }

  it.each([0.1, 0.5, 0.9])('a share of %d, and the rest is scaled up', (dropout) => {
    const found = factors(dropout, 1);
    const kept = found.filter((factor) => factor !== 0);
    for (const factor of kept) expect(Math.abs(factor * (1 - dropout) - 1)).toBeLessThan(1e-4);
    // Four standard deviations.
    const bound = 4 * Math.sqrt((dropout * (1 - dropout)) / SIZE);
    expect(Math.abs(1 - kept.length / SIZE - dropout)).toBeLessThan(bound);
  });

  it('is drawn by the whole seed', () => {
    const drawn = [1, 2, 1 + 2 ** 32].map((seed) => factors(0.5, seed).map((factor) => factor === 0));
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const equal = drawn[a]!.filter((dropped, n) => dropped === drawn[b]![n]).length;
      expect(Math.abs(equal / SIZE - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / SIZE));
    }
  });

  it('the inputs of a model are not', () => {
    const definition = randomModel({ cell: 'lstm', input: 9, hidden: 5, depth: 1, seed: 91 });
    const window = randomWindow({ definition, loss: 'mean-squared-error' }, 12, new Random(23));
    const losses = [0, 0.5].map((dropout) => {
      const trainer = new Trainer(runtime, definition, { ...OPTIONS, loss: 'mean-squared-error', dropout });
      const { loss } = trainer.window(window, OPTIONS.unroll);
      trainer.dispose();
      return loss;
    });
    expect(losses[0]).toBe(losses[1]);
  });
});
