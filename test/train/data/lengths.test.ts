/** Batches of sequences of unequal lengths: how much of them is padding, and that padding is not read. */
import { expect, it } from 'vitest';
import { dense, gru, input, sequential, Training } from '../../../src/index.ts';
import { Draws, Purpose } from '../../../src/runtime/draws.ts';
import { createBatches, fitBatchSize } from '../../../src/train/batches.ts';
import { readDataset } from '../../../src/train/dataset.ts';
import { readPorts } from '../../../src/train/ports.ts';
import { Random } from '../../reference/random.ts';
import { testRuntime } from '../../runtime.ts';
import { trainRuntime } from '../cases.ts';

const random = new Random(11);
const sequenceOf = (timesteps: number) => ({
  inputs: random.uniforms(timesteps, -1, 1),
  targets: random.uniforms(timesteps, -1, 1),
});

interface Epoch {
  /** The share of rows that count for nothing. */
  readonly padding: number;
  /** The lengths of the sequences of each batch. */
  readonly batches: readonly (readonly number[])[];
}

function epochOf(lengths: readonly number[], epoch: number): Epoch {
  const ports = readPorts(sequential([dense(1)], { input: input('x', 1), runtime: testRuntime() }));
  const filled = lengths.map((length) => new Float32Array(length).fill(length));
  const dataset = readDataset(
    filled.map((values) => ({ inputs: values, targets: values })),
    ports,
    undefined,
  );
  const size = fitBatchSize(dataset, { batchSize: 16, unroll: 64, carryState: true });
  const all = createBatches(dataset, size, new Draws(testRuntime(), 5, Purpose.Order));
  let [counted, rows] = [0, 0];
  const batches: (readonly number[])[] = [];
  for (let index = 0; index < all.updatesPerEpoch; index++) {
    const { window, timesteps, counted: n, fresh } = all.at(epoch, index);
    counted += n;
    rows += 16 * timesteps;
    if (fresh) batches.push([...window.inputs.subarray(0, 16)].sort((a, b) => a - b));
  }
  expect(counted).toBe(lengths.reduce((sum, length) => sum + length, 0));
  return { padding: 1 - counted / rows, batches };
}

it('little is padded: sequences of about one length are together', () => {
  // In random order 46 % of the rows would be padding.
  const lengths = Array.from({ length: 1008 }, () => 1 + Math.floor(64 * random.uniforms(1, 0, 1)[0]!));
  expect(epochOf(lengths, 0).padding).toBeLessThan(0.035);
  const inSeveralWindows = lengths.map((length) => 4 * length);
  expect(epochOf(inSeveralWindows, 0).padding).toBeLessThan(0.035);
});

it('other sequences meet in other epochs, though no two are of one length', () => {
  const lengths = Array.from({ length: 64 }, (_, i) => i + 1);
  const [first, second] = [0, 1].map((epoch) => epochOf(lengths, epoch).batches.map(String));
  expect(first).toHaveLength(4);
  for (const batch of first!) expect(second).not.toContain(batch);
});

it.each([
  'forward',
  'backward',
  'both',
] as const)('padding changes no loss of a GRU that goes %s', (direction) => {
  const runtime = trainRuntime('simd');
  const definition = sequential([gru(5, { direction }), dense(1)], {
    input: input('x', 1),
    runtime,
    seed: 3,
  });
  const lengths = [3, 9, 1, 6];
  const data = lengths.map(sequenceOf);
  using training = new Training(runtime, definition, data, { batchSize: 4, unroll: 9, validation: data });
  // The validation takes each sequence alone.
  const alone = training.validate();
  expect(training.step().loss).toBeCloseTo(alone, 6);
});
