/** The float64 reference of every type of node against PyTorch in float64: proves the oracle of test/contract. */
import { describe, expect, it } from 'vitest';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { scaledError } from '../reference/compare.ts';
import { type ContractFixture, contractFixtures } from './contract.ts';

/** Some thousand roundings of 1e-16, which layer norms of small variance magnify. */
const TOLERANCE = 1e-11;

const fixtures = contractFixtures();

function byRows(streams: readonly (readonly Float64Array[])[], { timesteps, batchSize }: ContractFixture) {
  const size = streams[0]![0]!.length;
  const rows = new Float64Array(timesteps * batchSize * size);
  for (const [row, stream] of streams.entries())
    for (const [t, values] of stream.entries()) rows.set(values, (t * batchSize + row) * size);
  return rows;
}

describe('the reference agrees with PyTorch in float64', () => {
  it.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
    const trainer = new ReferenceTrainer(fixture.definition, fixture);
    const loss = trainer.window(fixture.window, fixture.timesteps);
    expect(scaledError(byRows(trainer.outputs, fixture), fixture.outputs)).toBeLessThanOrEqual(TOLERANCE);
    expect(Math.abs(loss - fixture.lossValue)).toBeLessThanOrEqual(TOLERANCE);
    for (const [name, expected] of fixture.gradients) {
      expect(relativeError(trainer.gradients.get(name)!, expected), name).toBeLessThanOrEqual(TOLERANCE);
    }
    if (fixture.inputGradient) {
      const found = byRows(trainer.inputGradients, fixture);
      expect(relativeError(found, fixture.inputGradient)).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

describe('the golden cases', () => {
  it('cover every type of node and have names of their own', () => {
    const types = fixtures.flatMap(({ definition: { graph } }) =>
      [...(graph.encoder?.nodes ?? []), ...graph.nodes].map(({ type }) => type),
    );
    expect([...new Set(types)].sort()).toEqual(Object.keys(NODE_KINDS).sort());
    expect(new Set(fixtures.map(({ name }) => name)).size).toBe(fixtures.length);
  });
});
