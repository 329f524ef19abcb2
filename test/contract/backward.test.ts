/** Every variant of every type of node: the gradients of the trainer, of every tensor. */
import { describe, expect, it } from 'vitest';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { type ReferenceLoss, ReferenceTrainer } from '../reference/backward/graph.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { trainRuntime } from '../train/cases.ts';
import { bits, isStreamable, randomRows } from './drive.ts';
import { expectedGradients } from './gradients.ts';
import { variantsOf } from './table.ts';
import type { Variant } from './variant.ts';

const BATCH = 3;
const UNROLL = 9;
const SOURCE = 6;

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

function randomWindow({ definition, loss }: Variant, random: Random): WindowInput {
  const { inputs, outputs, encoder } = definition.graph;
  const rows = UNROLL * BATCH;
  const size = inferShapes(definition).sizes.get(outputs[0]!.from)!;
  const targets = loss === 'cross-entropy' ? random.integers(rows, 0, size) : random.gaussians(rows * size);
  const source = encoder && {
    inputs: randomRows(encoder.inputs[0]!, SOURCE * BATCH, random),
    timesteps: SOURCE,
  };
  return { inputs: randomRows(inputs[0]!, rows, random), targets, ...(source && { source }) };
}

/** Sequences of different lengths. */
function ragged(window: WindowInput, random: Random): WindowInput {
  const weights = Float32Array.from({ length: UNROLL * BATCH }, () =>
    Math.max(0.25, random.uniform(-0.5, 1)),
  );
  const source = window.source && { ...window.source, lengths: [2, SOURCE, 1] };
  return { ...window, weights, lengths: [UNROLL, 1, 5], ...(source && { source }) };
}

/** Consecutive windows from the initial state; a graph that needs whole sequences has one. */
function sequencesOf(variant: Variant): WindowInput[][] {
  const random = new Random(1);
  const window = () => randomWindow(variant, random);
  const { definition } = variant;
  const carried = isStreamable(definition) && definition.graph.encoder === undefined;
  return [carried ? [window(), window()] : [window()], [ragged(window(), random)]];
}

function check(variant: Variant, windows: readonly WindowInput[]): void {
  const { definition, loss = 'mean-squared-error', untrained } = variant;
  const options = { batchSize: BATCH, unroll: UNROLL, encoderUnroll: SOURCE, loss };
  const trainer = new Trainer(runtimes.simd, definition, options);
  const scalar = new Trainer(runtimes.scalar, definition, options);
  const reference = new ReferenceTrainer(definition, options);
  for (const window of windows) {
    const result = trainer.window(window, UNROLL);
    const found = trainer.gradients();
    expect(scalar.window(window, UNROLL), 'scalar = SIMD').toEqual(result);
    for (const [name, gradient] of scalar.gradients())
      expect(bits(gradient), `${name}: scalar = SIMD`).toEqual(bits(found.get(name)!));
    if (untrained) continue;
    expect(scaledError([result.loss], [reference.window(window, UNROLL)])).toBeLessThanOrEqual(
      GRADIENT_TOLERANCE,
    );
    const expected = expectedGradients(definition, reference.gradients);
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, gradient] of expected)
      expect(relativeError(found.get(name)!, gradient), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  }
  if (!untrained) checkUpdate(trainer, windows[0]!, loss);
  trainer.dispose();
  scalar.dispose();
}

/** After an update the model that the trainer gives is the one that it goes on with. */
function checkUpdate(trainer: Trainer, window: WindowInput, loss: ReferenceLoss): void {
  trainer.update({
    type: 'sgd',
    learningRate: 0.05,
    momentum: 0,
    nesterov: false,
    weightDecay: 0,
    clipNorm: Number.POSITIVE_INFINITY,
  });
  trainer.resetState();
  const trained = new ReferenceTrainer(trainer.definition(), { batchSize: BATCH, loss });
  const expected = trained.window(window, UNROLL);
  expect(scaledError([trainer.window(window, UNROLL).loss], [expected]), 'updated').toBeLessThanOrEqual(
    GRADIENT_TOLERANCE,
  );
}

describe.each(variantsOf(NODE_KINDS))('%s', (_type, variants) => {
  describe.each(variants.map((each) => [each.name, each] as const))('%s', (_name, variant) => {
    const [whole, different] = sequencesOf(variant);
    it('sequences of one length', () => check(variant, whole!));
    it('sequences of different lengths', () => check(variant, different!));
  });
});
