/**
 * The float64 reference against PyTorch in float64: proves the oracle that everything else is compared
 * with.
 */
import { describe, expect, it } from 'vitest';
import { scaledError } from '../reference/compare.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { FLOAT64_TOLERANCE, type GoldenCase, goldenCases } from './cases.ts';

interface Recorded {
  readonly outputs: Float64Array[];
  readonly h: Float64Array[][];
  readonly c: Float64Array[][];
  readonly gates: Float64Array[][];
}

/** Runs a case; h, c and gates by layer and timestep. */
function record({ definition, inputs, timesteps, expected }: GoldenCase): Recorded {
  const session = new ReferenceSession(definition);
  const size = inputs.length / timesteps;
  const layers = expected.h.map((_, layer) => `rnn.l${layer}`);
  const recorded: Recorded = { outputs: [], h: layers.map(() => []), c: layers.map(() => []), gates: [] };
  recorded.gates.push(...layers.map(() => []));
  for (let t = 0; t < timesteps; t++) {
    recorded.outputs.push(session.step(inputs.subarray(t * size, (t + 1) * size)));
    for (const [layer, name] of layers.entries()) {
      recorded.h[layer]!.push(session.states.get(`${name}.h`)!.slice());
      if (expected.c) recorded.c[layer]!.push(session.states.get(`${name}.c`)!.slice());
      if (expected.gates?.timesteps.includes(t))
        recorded.gates[layer]!.push(session.gates.get(name)!.slice());
    }
  }
  return recorded;
}

function expectClose(what: string, actual: Float64Array[], expected: Float64Array): void {
  expect(expected.length, what).toBeGreaterThan(0);
  const values = actual.flatMap((row) => [...row]);
  expect(scaledError(values, expected), what).toBeLessThanOrEqual(FLOAT64_TOLERANCE);
}

describe('the reference agrees with PyTorch in float64', () => {
  it.each(goldenCases())('$name', (golden) => {
    const { expected, timesteps } = golden;
    const { outputs, h, c, gates } = record(golden);
    expect(outputs).toHaveLength(timesteps);
    expectClose('outputs', outputs, expected.outputs);
    for (const [layer, values] of expected.h.entries()) expectClose(`h of layer ${layer}`, h[layer]!, values);
    for (const [layer, values] of expected.c?.entries() ?? [])
      expectClose(`c of layer ${layer}`, c[layer]!, values);
    for (const [layer, values] of expected.gates?.layers.entries() ?? []) {
      expectClose(`gates of layer ${layer}`, gates[layer]!, values);
    }
  });
});

describe('the golden cases', () => {
  it('cover every cell at two sizes and depths 1 to 3, the language model, and dense layers', () => {
    const cases = goldenCases();
    const recurrent = cases.filter(({ timesteps, expected }) => timesteps === 100 && expected.h.length > 0);
    expect(recurrent).toHaveLength(5 * 2 * 3 + 1);
    expect(cases).toHaveLength(recurrent.length + 10);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });
});
