/** What guessing gives, by which a divergence is told: the loss of a model whose outputs are all zero. */
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/train/dataset.ts';
import { guessingLoss } from '../../src/train/guessing.ts';
import { type LossName, type LossOptions, lossDefinition, readLoss } from '../../src/train/losses/table.ts';
import { readPorts } from '../../src/train/ports.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { lossOptions } from '../golden/losses.ts';
import { trainRuntime } from '../train/cases.ts';
import { bumps, smallModel, stream } from './tasks.ts';

const runtime = trainRuntime('simd');
const OUTPUTS = 6;

const silent = smallModel(OUTPUTS);
for (const { data } of silent.tensors.values()) data.fill(0);

const cases = Object.entries(lossOptions()).flatMap(([type, variants]) =>
  variants.map((options) => {
    const loss = { type: type as LossName, ...options } as LossOptions;
    return [JSON.stringify(loss), loss] as const;
  }),
);

describe.each(cases)('%s', (_, loss) => {
  const { targets: kind } = lossDefinition(loss.type);
  const dataset = readDataset(
    kind === 'labels' ? bumps(10) : stream(120, OUTPUTS, kind),
    readPorts(silent),
    readLoss(loss),
  );
  const trainer = new Trainer(runtime, silent, { batchSize: 1, unroll: 120, loss });
  let [sum, weight] = [0, 0];
  for (const { inputs, targets, timesteps } of dataset.sequences) {
    const one = trainer.evaluate(inputs, targets, timesteps);
    sum += one.sum;
    weight += one.weight;
  }
  trainer.dispose();
  const guess = guessingLoss(runtime, dataset, OUTPUTS);

  // That of CTC is a bound: what one alignment has, of which there are many.
  if (kind === 'labels') {
    it('is at least what zeros give, and not far above', () => {
      expect(guess).toBeGreaterThan(sum / weight);
      expect(guess).toBeLessThan((3 * sum) / weight);
    });
  } else {
    it('is what zeros give', () => {
      expect(Math.abs(guess / (sum / weight) - 1)).toBeLessThan(1e-6);
    });
  }
});
