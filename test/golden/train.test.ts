/** The float64 reference of training against PyTorch in float64: proves the oracle, and reads every fixture. */
import { describe, expect, it } from 'vitest';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { CELLS } from '../reference/models.ts';
import { FLOAT64_TOLERANCE, trainCases } from './train.ts';

const cases = trainCases();

describe('the reference of training agrees with PyTorch in float64', () => {
  it.each(cases.map((golden) => [golden.name, golden] as const))('%s', (_, golden) => {
    const reference = new ReferenceTrainer(golden.definition, golden);
    for (const window of golden.windows) {
      const loss = reference.window(window, window.timesteps);
      expect(Math.abs(loss - window.loss)).toBeLessThanOrEqual(FLOAT64_TOLERANCE * Math.max(1, window.loss));
    }
    expect([...reference.gradients.keys()].sort()).toEqual([...golden.gradients.keys()].sort());
    for (const [name, expected] of golden.gradients) {
      expect(relativeError(reference.gradients.get(name)!, expected), name).toBeLessThanOrEqual(
        FLOAT64_TOLERANCE,
      );
    }
  });
});

describe('the golden cases of training', () => {
  const recurrent = (name: string) => cases.filter((golden) => golden.name.startsWith(`${name} `));

  it.each(CELLS)('cover %s: depth 1 to 3, tokens and features, both losses, sizes around a panel', (cell) => {
    const graphs = recurrent(cell).map(({ definition }) => definition.graph);
    const depths = graphs.map(({ nodes }) => nodes.filter(({ name }) => name.startsWith('rnn.')).length);
    expect(new Set(depths)).toEqual(new Set([1, 2, 3]));
    expect(new Set(graphs.map(({ inputs }) => inputs[0]!.kind))).toEqual(new Set(['tokens', 'features']));
    expect(new Set(recurrent(cell).map(({ loss }) => loss)).size).toBe(2);
    expect(new Set(recurrent(cell).map(({ batchSize }) => batchSize))).toEqual(new Set([1, 2, 3, 16]));
    const hidden = recurrent(cell).map(
      ({ definition }) => definition.tensors.get('rnn.weight_hh_l0')!.shape[1],
    );
    expect(new Set(hidden)).toEqual(new Set([5, 16, 17, 33]));
  });

  it('have names of their own, and no tensor whose gradient is zero', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    for (const { name, gradients } of cases) {
      for (const [tensor, gradient] of gradients) {
        expect(Math.max(...gradient.map(Math.abs)), `${name}: ${tensor}`).toBeGreaterThan(1e-8);
      }
    }
  });

  it('clip in the first update', () => {
    for (const { updates } of cases) {
      for (const { clipNorm, norms, losses } of Object.values(updates)) {
        expect(norms[0]).toBeGreaterThan(1.9 * clipNorm);
        expect([norms.length, losses.length]).toEqual([10, 10]);
      }
    }
  });
});
