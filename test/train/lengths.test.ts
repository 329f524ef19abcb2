/** Streams of unequal length: what lies behind the end of one changes no bit, forward or backward. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { attention } from '../contract/cases/attention.ts';
import { Draft, features } from '../contract/variant.ts';
import { Random } from '../reference/random.ts';
import { bits, trainRuntime } from './cases.ts';

const LENGTHS = [3, 7, 1, 5];
const SOURCE_LENGTHS = [4, 1, 6, 2];
const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

interface Result {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** The streams of a model, each with its own timesteps. */
interface Streams {
  readonly definition: ModelDefinition;
  readonly inputs: readonly Float32Array[];
  readonly targets: readonly Float32Array[];
  readonly sources: readonly Float32Array[];
}

function streamsOf(definition: ModelDefinition, outputSize: number, seed: number): Streams {
  const random = new Random(seed);
  const size = definition.graph.inputs[0]!.size;
  const sourceSize = definition.graph.encoder?.inputs[0]?.size ?? 0;
  return {
    definition,
    inputs: LENGTHS.map((length) => random.uniforms(length * size, -1, 1)),
    targets: LENGTHS.map((length) => random.uniforms(length * outputSize, -1, 1)),
    sources: SOURCE_LENGTHS.map((length) => random.uniforms(length * sourceSize, -1, 1)),
  };
}

/** [timesteps][streams][size] with `padding` behind the end of each stream. */
function batched(
  streams: readonly Float32Array[],
  timesteps: number,
  lengths: readonly number[],
  padding: number,
) {
  const size = streams[0]!.length / lengths[0]!;
  const values = new Float32Array(timesteps * streams.length * size).fill(padding);
  streams.forEach((stream, s) => {
    for (let t = 0; t < lengths[s]!; t++)
      values.set(stream.subarray(t * size, (t + 1) * size), (t * streams.length + s) * size);
  });
  return values;
}

function train(
  { definition, ...all }: Streams,
  chosen: readonly number[],
  {
    timesteps,
    sourceTimesteps,
    padding,
    build = 'simd',
  }: { timesteps: number; sourceTimesteps: number; padding: number; build?: 'simd' | 'scalar' },
): Result {
  const [lengths, sourceLengths] = [LENGTHS, SOURCE_LENGTHS].map((list) => chosen.map((i) => list[i]!)) as [
    number[],
    number[],
  ];
  const trainer = new Trainer(runtimes[build], definition, {
    batchSize: chosen.length,
    unroll: 9,
    encoderUnroll: 8,
    loss: 'mean-squared-error',
  });
  const pick = (list: readonly Float32Array[]) => chosen.map((i) => list[i]!);
  const window: WindowInput = {
    inputs: batched(pick(all.inputs), timesteps, lengths, padding),
    targets: batched(pick(all.targets), timesteps, lengths, padding),
    lengths,
    ...(definition.graph.encoder && {
      source: {
        inputs: batched(pick(all.sources), sourceTimesteps, sourceLengths, padding),
        timesteps: sourceTimesteps,
        lengths: sourceLengths,
      },
    }),
  };
  const { loss } = trainer.window(window, timesteps);
  const gradients = trainer.gradients();
  trainer.dispose();
  return { loss, gradients };
}

function expectSameBits(a: Result, b: Result): void {
  expect(a.loss).toBe(b.loss);
  for (const [name, gradient] of a.gradients)
    expect(bits(gradient), name).toEqual(bits(b.gradients.get(name)!));
}

function model(draw: (draft: Draft) => void): ModelDefinition {
  const draft = new Draft(features(3), 5);
  draw(draft);
  return draft.dense('head', 7, 2).definition();
}

const MODELS: readonly (readonly [string, ModelDefinition, number])[] = [
  ['lstm', model((draft) => draft.cell('lstm', 'cell', 3, 7, {})), 2],
  [
    'gru, backward',
    model((draft) => draft.cell('gru', 'cell', 3, 7, { resetAfter: true, direction: 'backward' })),
    2,
  ],
  [
    'lstm in both directions, projected, initial states, below a GRU backward',
    model((draft) => {
      const roles = ['bias_ih', 'bias_hh', 'weight_hr', 'peephole', 'h0', 'c0'];
      draft.cell('lstm', 'lower', 3, 17, { direction: 'both', projected: 5 }, roles);
      draft.cell('gru', 'upper', 10, 7, { resetAfter: false, direction: 'backward' }, ['bias_ih', 'h0']);
    }),
    2,
  ],
  [
    'mingru and minlstm in both directions',
    model((draft) => {
      draft.cell('mingru', 'lower', 3, 5, { direction: 'both', merge: 'mul' }, ['bias_ih']);
      draft.cell('minlstm', 'upper', 5, 7, { direction: 'both', merge: 'average' }, ['bias_ih', 'h0']);
    }),
    2,
  ],
  [
    'convolution over time and time pooling',
    model((draft) => {
      const weight = draft.tensor('conv.weight', [7, 3, 3], 0.5);
      draft.add({ type: 'convolution', name: 'conv', input: draft.last, dilation: 2, tensors: { weight } });
      draft.add({ type: 'time-pooling', name: 'pool', input: 'conv', operation: 'mean' });
    }),
    2,
  ],
  ...attention
    .filter(({ definition: { graph } }) => graph.encoder!.inputs[0]!.kind === 'features')
    .map(({ name, definition }) => [`attention ${name}`, definition, sizeOf(definition)] as const),
];

function sizeOf({ graph, tensors }: ModelDefinition): number {
  return tensors.get(`${graph.outputs[0]!.from}.weight`)?.shape[0] ?? 7;
}

describe.each(MODELS)('%s', (_, definition, outputSize) => {
  const streams = streamsOf(definition, outputSize, 11);
  const all = LENGTHS.map((_, i) => i);

  it('does not see how much padding there is, nor what it holds', () => {
    const expected = train(streams, all, { timesteps: 7, sourceTimesteps: 6, padding: 0 });
    expectSameBits(train(streams, all, { timesteps: 7, sourceTimesteps: 6, padding: 0.75 }), expected);
    expectSameBits(train(streams, all, { timesteps: 9, sourceTimesteps: 8, padding: -3 }), expected);
    expectSameBits(
      train(streams, all, { timesteps: 7, sourceTimesteps: 6, padding: 1, build: 'scalar' }),
      expected,
    );
  });

  it('gives a padded stream the bits of the stream alone', () => {
    for (const i of all) {
      const alone = train(streams, [i], {
        timesteps: LENGTHS[i]!,
        sourceTimesteps: SOURCE_LENGTHS[i]!,
        padding: 0,
      });
      expectSameBits(train(streams, [i], { timesteps: 8, sourceTimesteps: 7, padding: 2 }), alone);
    }
  });

  it('adds the gradients of the streams alone', () => {
    const together = train(streams, all, { timesteps: 7, sourceTimesteps: 6, padding: 0 });
    const rows = LENGTHS.reduce((sum, length) => sum + length, 0);
    const alone = all.map((i) => train(streams, [i], { timesteps: 7, sourceTimesteps: 6, padding: 0 }));
    for (const [name, gradient] of together.gradients) {
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      gradient.forEach((value, at) => {
        const sum = alone.reduce(
          (total, { gradients }, i) => total + gradients.get(name)![at]! * (LENGTHS[i]! / rows),
          0,
        );
        expect(Math.abs(value - sum), name).toBeLessThanOrEqual(1e-5 * largest);
      });
    }
  });
});
