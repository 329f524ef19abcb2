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
function lossOf(definition: ModelDefinition, window: WindowInput, options: TrainerOptions): number {
  const trainer = new Trainer(runtime, definition, options);
  const { loss } = trainer.window(window, options.unroll);
  trainer.dispose();
  return loss;
}

/** The slope of the loss along a direction of length 1 in one tensor. */
function slopeAlong(
  definition: ModelDefinition,
  name: string,
  direction: Float64Array,
  window: WindowInput,
  options: TrainerOptions,
): number {
  const tensor = definition.tensors.get(name)!;
  const lossAt = (step: number) => {
    const data = Float32Array.from(tensor.data, (value, n) => value + step * direction[n]!);
    const tensors = new Map(definition.tensors).set(name, { ...tensor, dtype: 'F32', data });
    return lossOf({ ...definition, tensors }, window, options);
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

/** Every way to drop, of which the last drops the same at every timestep. */
const WAYS: readonly [string, TrainerOptions['dropout']][] = [
  ['alike', 0.4],
  ['inputs', { inputs: 0.4 }],
  ['outputs', { outputs: 0.4 }],
  ['variational', { inputs: 0.4, outputs: 0.2, variational: true }],
];

describe.each(WAYS)('gradients are slopes of the loss under the same masks: %s', (way, dropout) => {
  // Under seed 21 a relu of the last changes sides within STEP.
  const options = { ...OPTIONS, dropout: dropout!, seed: way === 'variational' ? 23 : OPTIONS.seed! };
  // Nothing but the model's own input goes into the layers below a head of two.
  const some = cases().filter(({ name }) => way !== 'inputs' || !name.startsWith('dense'));

  it.each(some.map((each) => [each.name, each] as const))('%s', (_, { definition }) => {
    const random = new Random(22);
    const window = randomWindow({ definition, loss: 'cross-entropy' }, 12, random);
    const trainer = new Trainer(runtime, definition, options);
    const { loss } = trainer.window(window, options.unroll);
    const gradients = trainer.gradients();
    trainer.dispose();
    expect(loss).not.toBe(lossOf(definition, window, { ...options, dropout: 0 }));
    expect(gradients.size).toBeGreaterThan(4);
    for (const [name, gradient] of gradients) {
      // A direction along the gradient sees an error of any of its large entries, a random one the small ones too.
      const anywhere = unit(random.gaussians(gradient.length));
      if (name.includes('bias_hh')) anywhere.fill(0, 0, (anywhere.length / 3) * 2); // the rest is bias_ih's
      for (const direction of [unit(gradient), anywhere]) {
        const slope = slopeAlong(definition, name, direction, window, options);
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

  const WIDTH = 256;

  /**
   * Which values of h reach the head, and which of the embedding the layer: of a window of one
   * timestep, where the gradient of a product's weights is that of its bias times what it read.
   */
  function read(dropout: TrainerOptions['dropout']): { layer: boolean[]; head: boolean[] } {
    const size = { input: WIDTH, vocabulary: VOCABULARY, hidden: WIDTH, output: UNITS } as const;
    const definition = randomModel({ cell: 'lstm', ...size, depth: 1, scale: 0.1, seed: 92 });
    const trainer = new Trainer(runtime, definition, {
      ...OPTIONS,
      batchSize: 1,
      unroll: 1,
      dropout: dropout!,
    });
    trainer.window({ inputs: Uint32Array.of(1), targets: Uint32Array.of(0) }, 1);
    const gradients = trainer.gradients();
    trainer.dispose();
    // Some of the first units, for whose output the head may have no use.
    const isRead = (name: string, rows: number) =>
      Array.from({ length: WIDTH }, (_, column) =>
        Array.from({ length: rows }, (_, row) => gradients.get(name)![row * WIDTH + column]).some(
          (value) => value,
        ),
      );
    return { layer: isRead('rnn.weight_ih_l0', 32), head: isRead('head.weight', 1) };
  }

  it('is what goes into the layers, or what the head reads', () => {
    const share = (values: boolean[]) => values.filter((value) => !value).length / WIDTH;
    const [none, inputs, outputs, both] = [0, { inputs: 0.5 }, { outputs: 0.5 }, 0.5].map((each) => {
      const { layer, head } = read(each);
      return [share(layer), share(head)];
    });
    const bound = 4 * Math.sqrt(0.25 / WIDTH);
    expect(none).toEqual([0, 0]);
    expect(Math.abs(inputs![0]! - 0.5)).toBeLessThan(bound);
    expect(inputs![1]).toBe(0);
    expect(outputs![0]).toBe(0);
    expect(Math.abs(outputs![1]! - 0.5)).toBeLessThan(bound);
    expect(both).toEqual([inputs![0], outputs![1]]);
    expect(read({ inputs: 0.5, outputs: 0.5 })).toEqual(read(0.5));
  });

  it('is the same at all timesteps of a stream and window where it is variational', () => {
    const [TIMESTEPS, STREAMS] = [4, 2];
    const options = {
      cell: 'lstm',
      input: SIZE,
      vocabulary: VOCABULARY,
      hidden: 1,
      depth: 0,
      output: UNITS,
    } as const;
    const definition = randomModel({ ...options, seed: 90 });
    /** What is kept at a row: the only one that weighs in the loss. */
    const kept = (variational: boolean, row: number, windows = 1) => {
      const trainer = new Trainer(runtime, definition, {
        ...OPTIONS,
        batchSize: STREAMS,
        unroll: TIMESTEPS,
        dropout: { outputs: 0.5, variational },
      });
      const rows = TIMESTEPS * STREAMS;
      const weights = new Float32Array(rows);
      weights[row] = 1;
      const window = { inputs: new Uint32Array(rows), targets: new Uint32Array(rows), weights };
      for (let i = 0; i < windows; i++) trainer.window(window, TIMESTEPS);
      const gradient = trainer.gradients().get('head.weight')!.slice(0, SIZE);
      trainer.dispose();
      return Array.from(gradient, (value) => value !== 0);
    };
    const isHalf = (a: boolean[], b: boolean[]) => {
      const equal = a.filter((value, i) => value === b[i]).length / SIZE;
      expect(Math.abs(equal - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / SIZE));
    };
    const first = kept(true, 0);
    for (let t = 1; t < TIMESTEPS; t++) {
      expect(kept(true, t * STREAMS)).toEqual(first);
      isHalf(kept(false, t * STREAMS), kept(false, 0));
    }
    isHalf(kept(true, 1), first);
    isHalf(kept(true, 0, 2), first);
    expect(kept(false, 0)).toEqual(first);
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
