import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import { FLOAT32_TOLERANCE, type GoldenCase, goldenCases } from '../golden/cases.ts';
import { scaledError } from '../reference/compare.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { readGates } from './gates.ts';

describe.each(BUILDS)('PyTorch float64, %s', (build) => {
  const runtime = testRuntime(build);

  it.each(goldenCases().map((golden) => [golden.name, golden] as const))('%s', (_, golden) => {
    const { expected, inputs, timesteps } = golden;
    const layers = expected.h.map((_, layer) => `rnn.l${layer}`);
    using model = new Model(runtime, withLayerOutputs(golden.definition, layers));
    const session = model.createSession();
    const found = collect(session, golden, layers);
    expect(scaledError(found.outputs, expected.outputs)).toBeLessThanOrEqual(FLOAT32_TOLERANCE);
    layers.forEach((_, i) => {
      expect(found.h[i]!.length).toBe(expected.h[i]!.length);
      expect(scaledError(found.h[i]!, expected.h[i]!)).toBeLessThanOrEqual(FLOAT32_TOLERANCE);
      if (expected.c) expect(scaledError(found.c[i]!, expected.c[i]!)).toBeLessThanOrEqual(FLOAT32_TOLERANCE);
      if (expected.gates) {
        expect(scaledError(found.gates[i]!, expected.gates.layers[i]!)).toBeLessThanOrEqual(
          FLOAT32_TOLERANCE,
        );
      }
    });
    expect(timesteps * model.inputs.length).toBeGreaterThan(0);
    expect(inputs.length).toBeGreaterThan(0);
  });
});

/** Every recurrent layer as an output of its own, besides `output`. */
function withLayerOutputs(definition: ModelDefinition, layers: readonly string[]): ModelDefinition {
  const outputs = [
    ...definition.graph.outputs,
    ...layers.map((name) => ({ name: `layer ${name}`, from: name })),
  ];
  return { ...definition, graph: { ...definition.graph, outputs } };
}

function collect(session: ReturnType<Model['createSession']>, golden: GoldenCase, layers: readonly string[]) {
  const { model } = session;
  const { inputs, timesteps, expected } = golden;
  const input = model.inputs[0]!;
  const rows = Object.fromEntries(model.outputs.map(({ name, size }) => [name, new Float32Array(size)]));
  const all = new Map<string, number[]>();
  const add = (key: string, values: ArrayLike<number>) => {
    const list = all.get(key) ?? [];
    for (let i = 0; i < values.length; i++) list.push(values[i]!);
    all.set(key, list);
  };
  for (let t = 0; t < timesteps; t++) {
    const x =
      input.kind === 'tokens'
        ? inputs[t]!
        : (inputs as Float32Array).slice(t * input.size, (t + 1) * input.size);
    session.stepNamed({ [input.name]: x }, rows);
    for (const [name, row] of Object.entries(rows)) add(name, row);
    if (expected.c) for (const name of layers) add(`${name}.c`, session.getState(`${name}.c`));
    if (expected.gates?.timesteps.includes(t)) {
      readGates(session).forEach((gates, i) => {
        add(`gates ${i}`, gates);
      });
    }
  }
  const take = (key: string) => Float32Array.from(all.get(key) ?? []);
  return {
    outputs: take('output'),
    h: layers.map((name) => take(`layer ${name}`)),
    c: layers.map((name) => take(`${name}.c`)),
    gates: layers.map((_, i) => take(`gates ${i}`)),
  };
}
