/** Real-time recurrent learning: its gradient is that of backpropagation through the whole stream. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import {
  activation,
  add,
  dense,
  embedding,
  input,
  layerNorm,
  minGru,
  minLstm,
  model,
  tokens,
} from '../../src/index.ts';
import type { LossName } from '../../src/train/losses/table.ts';
import { Sensitivities } from '../../src/train/sensitivities.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';
import { type Build, bits, trainRuntime } from './cases.ts';

const TIMESTEPS = 200;
const BUILDS = ['simd', 'scalar'] as const;
const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
const builder = testRuntime();

interface StreamCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly loss: LossName;
  /** Tensors that come before the cell, which real-time recurrent learning leaves alone. */
  readonly frozen: readonly string[];
}

/** All tensors random; the gates of the cell open so little that a state lives for tens of timesteps. */
function withRandomWeights(definition: ModelDefinition, seed: number): ModelDefinition {
  const random = new Random(seed);
  const tensors = new Map(
    [...definition.tensors].map(([name, { shape, data }]) => {
      const values = random.uniforms(data.length, -0.8, 0.8);
      if (name.endsWith('bias_ih_l0')) for (let i = 0; i < data.length / 2; i++) values[i]! -= 2.5;
      return [name, { dtype: 'F32' as const, shape, data: values }];
    }),
  );
  return { ...definition, tensors };
}

function cases(): StreamCase[] {
  const mse = { loss: 'mean-squared-error', frozen: [] } as const;
  const x = input('x', 3);
  const t = tokens('t', 7);
  const plain = (hidden: number, cell: typeof minGru, options = {}) =>
    model({ runtime: builder, inputs: [x], outputs: { y: dense(2)(cell(hidden, options)(x)) } });
  const learnt = minGru(18, { learnInitial: true })(x);
  const skipped = minLstm(17, { learnInitial: true })(x);
  const embedded = minLstm(16)(embedding(7, 5)(t));
  const list: readonly StreamCase[] = [
    { ...mse, name: 'minGRU 16', definition: plain(16, minGru) },
    {
      ...mse,
      name: 'minGRU 5, candidate tanh',
      definition: plain(5, minGru, { candidateActivation: 'tanh' }),
    },
    { ...mse, name: 'minGRU 33 without bias', definition: plain(33, minGru, { bias: false }) },
    { ...mse, name: 'minLSTM 16', definition: plain(16, minLstm) },
    {
      ...mse,
      name: 'minLSTM 21, candidate sigmoid',
      definition: plain(21, minLstm, { candidateActivation: 'sigmoid' }),
    },
    {
      ...mse,
      name: 'minGRU 18, its initial state, two dense layers',
      definition: model({
        runtime: builder,
        inputs: [x],
        outputs: { y: dense(3)(activation('tanh')(dense(9)(layerNorm()(learnt)))) },
      }),
    },
    {
      ...mse,
      name: 'minLSTM 17, its initial state, a path beside it',
      definition: model({
        runtime: builder,
        inputs: [x],
        outputs: { y: add([dense(4)(skipped), dense(4)(x)]) },
      }),
    },
    {
      name: 'minLSTM 16 of tokens',
      loss: 'cross-entropy',
      frozen: ['embedding.weight'],
      definition: model({ runtime: builder, inputs: [t], outputs: { y: dense(7)(embedded) } }),
    },
    {
      ...mse,
      name: 'minGRU 16 behind a frozen layer',
      frozen: ['dense.weight', 'dense.bias'],
      definition: model({
        runtime: builder,
        inputs: [x],
        outputs: { y: dense(2)(minGru(16)(activation('tanh')(dense(6)(x)))) },
      }),
    },
  ];
  return list.map((each, i) => ({ ...each, definition: withRandomWeights(each.definition, i + 1) }));
}

function streamOf({ definition, loss }: StreamCase, timesteps = TIMESTEPS) {
  const random = new Random(77);
  const { kind, size } = definition.graph.inputs[0]!;
  const head = definition.graph.nodes.at(-1)!;
  const outputs = head.type === 'add' ? 4 : definition.tensors.get(`${head.name}.weight`)!.shape[0]!;
  return {
    inputs: kind === 'tokens' ? random.integers(timesteps, 0, size) : random.gaussians(timesteps * size),
    targets:
      loss === 'cross-entropy'
        ? random.integers(timesteps, 0, outputs)
        : random.gaussians(timesteps * outputs),
  };
}

function part(values: Uint32Array | Float32Array, timesteps: number, from: number, count: number) {
  const width = values.length / timesteps;
  return values.subarray(from * width, (from + count) * width);
}

/** Of the mean loss over the stream, in windows of `every` timesteps, the gradients added in float64. */
function realTimeGradients(
  each: StreamCase,
  every: number,
  build: Build = 'simd',
  timesteps = TIMESTEPS,
  trainable = (_: string) => true,
) {
  const trainer = new Trainer(runtimes[build], each.definition, {
    batchSize: 1,
    unroll: every,
    loss: each.loss,
    trainable,
  });
  const sensitivities = new Sensitivities(trainer);
  const stream = streamOf(each, timesteps);
  const sums = new Map<string, Float64Array>();
  for (let from = 0; from < timesteps; from += every) {
    const count = Math.min(every, timesteps - from);
    const window = {
      inputs: part(stream.inputs, timesteps, from, count),
      targets: part(stream.targets, timesteps, from, count),
    };
    trainer.window(window, count);
    sensitivities.advance(count);
    for (const [name, gradient] of trainer.gradients()) {
      const sum = sums.get(name) ?? new Float64Array(gradient.length);
      sums.set(name, sum);
      for (const [i, value] of gradient.entries()) sum[i]! += (value * count) / timesteps;
    }
  }
  const last = sensitivities.values.slice();
  sensitivities.dispose();
  trainer.dispose();
  return { gradients: sums, sensitivities: last };
}

function fullGradients({ definition, loss, ...each }: StreamCase): Map<string, Float32Array> {
  const trainer = new Trainer(runtimes.simd, definition, { batchSize: 1, unroll: TIMESTEPS, loss });
  trainer.window(streamOf({ definition, loss, ...each }), TIMESTEPS);
  const gradients = trainer.gradients();
  trainer.dispose();
  return gradients;
}

/** Over the largest entry of a tensor, of sums of 200 float32 gradients: 6e-7 was measured. */
const TOLERANCE = 1e-5;

/** The truncation error of the differences is STEP² / 6 times a third derivative. */
const STEP = 2 ** -9;
const SLOPE_TOLERANCE = 1e-4;

function slopeAt(each: StreamCase, name: string, i: number): number {
  const moved = (by: number) => {
    const tensor = each.definition.tensors.get(name)!;
    const data = Float32Array.from(tensor.data);
    data[i]! += by;
    const tensors = new Map(each.definition.tensors).set(name, { ...tensor, dtype: 'F32', data });
    const reference = new ReferenceTrainer(
      { ...each.definition, tensors },
      { batchSize: 1, loss: each.loss as 'cross-entropy' },
    );
    return { at: data[i]!, loss: reference.window(streamOf(each), TIMESTEPS) };
  };
  const [low, high] = [moved(-STEP), moved(STEP)];
  return (high.loss - low.loss) / (high.at - low.at);
}

describe.each(cases().map((each) => [each.name, each] as const))('%s', (_, each) => {
  const learnable = [...each.definition.tensors.keys()].filter((name) => !each.frozen.includes(name));

  it.each([1, 7, 64])(`over ${TIMESTEPS} timesteps by %i has the gradient of one window`, (every) => {
    const expected = fullGradients(each);
    const { gradients } = realTimeGradients(each, every);
    for (const name of learnable)
      expect(relativeError(gradients.get(name)!, expected.get(name)!), name).toBeLessThanOrEqual(TOLERANCE);
  });

  it('has the gradient of float64', () => {
    const reference = new ReferenceTrainer(each.definition, {
      batchSize: 1,
      loss: each.loss as 'cross-entropy',
    });
    reference.window(streamOf(each), TIMESTEPS);
    const { gradients } = realTimeGradients(each, 1);
    for (const name of learnable) {
      const error = relativeError(gradients.get(name)!, reference.gradients.get(name)!);
      expect(error, name).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it('is not what one timestep alone gives: the past is in it', () => {
    const [cell] = learnable.filter((name) => name.endsWith('weight_ih_l0'));
    const trainer = new Trainer(runtimes.simd, each.definition, { batchSize: 1, unroll: 1, loss: each.loss });
    const stream = streamOf(each);
    const sum = new Float64Array(each.definition.tensors.get(cell!)!.data.length);
    for (let t = 0; t < TIMESTEPS; t++) {
      trainer.window(
        { inputs: part(stream.inputs, TIMESTEPS, t, 1), targets: part(stream.targets, TIMESTEPS, t, 1) },
        1,
      );
      for (const [i, value] of trainer.gradients().get(cell!)!.entries()) sum[i]! += value / TIMESTEPS;
    }
    trainer.dispose();
    expect(relativeError(sum, fullGradients(each).get(cell!)!)).toBeGreaterThan(0.05);
  });

  it('has the same bits on both builds', () => {
    const [simd, scalar] = BUILDS.map((build) => realTimeGradients(each, 3, build, 50));
    expect(bits(scalar!.sensitivities)).toEqual(bits(simd!.sensitivities));
    for (const [name, gradient] of simd!.gradients)
      expect(scalar!.gradients.get(name), name).toEqual(gradient);
  });
});

describe('parts of the cell that are frozen', () => {
  const each = cases().find(({ name }) => name.startsWith('minLSTM 17'))!;
  const parts = [['bias_ih_l0'], ['weight_ih_l0'], ['weight_ih_l0', 'h0_l0']];

  it.each(parts)('leave the others the gradients that they have: %s', (...part) => {
    const trained = [...each.definition.tensors.keys()].filter((name) =>
      part.some((end) => name.endsWith(end)),
    );
    expect(trained).toHaveLength(part.length);
    const all = realTimeGradients(each, 5, 'simd', 60);
    const some = realTimeGradients(each, 5, 'simd', 60, (name) => trained.includes(name));
    for (const name of trained) expect(some.gradients.get(name), name).toEqual(all.gradients.get(name));
  });
});

describe('the sensitivities', () => {
  const each = cases().find(({ name }) => name.startsWith('minLSTM 21'))!;

  it('are zero in the padding of the units', () => {
    const { sensitivities } = realTimeGradients(each, 1, 'simd', 20);
    const [gates, columns, k, units] = [3, 32, 3, 21];
    const weights = sensitivities.subarray(0, gates * columns * k);
    for (let i = 0; i < weights.length; i++) {
      const panel = Math.floor(i / (16 * k));
      const unit = 16 * (panel % 2) + (i % 16);
      if (unit >= units) expect(weights[i]).toBe(0);
    }
    expect(weights.some((value) => value !== 0)).toBe(true);
  });
});

/** Slow, and so not of all of them. */
const SLOPE_CASES = cases().filter(({ name }) => /^minGRU 5|^minLSTM 17/.test(name));

describe.each(SLOPE_CASES.map((each) => [each.name, each] as const))('%s, again', (_, each) => {
  it('has the slope of the loss, by central differences in float64', () => {
    const { gradients } = realTimeGradients(each, 1);
    for (const name of each.definition.tensors.keys()) {
      const gradient = gradients.get(name)!;
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const entries = [0, Math.floor(gradient.length / 2), gradient.length - 1];
      for (const i of entries)
        expect(Math.abs(slopeAt(each, name, i) - gradient[i]!) / largest, `${name} ${i}`).toBeLessThan(
          SLOPE_TOLERANCE,
        );
    }
  });
});
