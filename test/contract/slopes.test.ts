/**
 * The gradients of the float64 reference are the slopes of what it computes, or of what they are defined by, for every
 * variant of every type of node.
 */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { backward, type Value } from '../reference/autodiff.ts';
import { ReferenceGraph, sequenceOf } from '../reference/graph.ts';
import type { Sequence } from '../reference/nodes.ts';
import { Random } from '../reference/random.ts';
import { randomRows, widthOf } from './drive.ts';
import { VARIANTS, variantsOf } from './table.ts';

const TIMESTEPS = 5;
/** Along a random direction of all parameters and inputs. Its square times a third derivative is the truncation error. */
const STEP = 1e-5;
/** Over the length of the gradient: rounding, 1e-16 / STEP, and truncation, 9e-7 where a layer norm meets small values. */
const TOLERANCE = 1e-6;

/** What the slope is of: Σ seeds · outputs, and the values that it depends on. */
class Probe {
  readonly leaves: readonly Value[];
  readonly #graph: ReferenceGraph;
  readonly #inputs: Sequence;
  readonly #memory: Sequence | undefined;
  #seeds: Float64Array[] | undefined;
  readonly #random = new Random(1);

  constructor(definition: ModelDefinition) {
    const { inputs, encoder } = definition.graph;
    this.#graph = new ReferenceGraph(definition);
    const draw = (port: (typeof inputs)[number]) =>
      sequenceOf(randomRows(port, TIMESTEPS, this.#random), widthOf(port));
    this.#inputs = draw(inputs[0]!);
    this.#memory = encoder && draw(encoder.inputs[0]!);
    const all = [...this.#inputs, ...(this.#memory ?? [])];
    const ports = [...inputs, ...(encoder?.inputs ?? [])];
    const features = ports.every(({ kind }) => kind === 'features') ? all : [];
    this.leaves = [...this.#graph.parameters.values(), ...features];
  }

  outputs(): Sequence {
    const { encoder, inputs, outputs } = this.#graph.definition.graph;
    const encoded = encoder && this.#graph.encode({ [encoder.inputs[0]!.name]: this.#memory! });
    const run = this.#graph.run({ [inputs[0]!.name]: this.#inputs }, { encoded });
    return run.values.get(outputs[0]!.from)!;
  }

  seeds(): readonly Float64Array[] {
    this.#seeds ??= this.outputs().map(({ size }) => Float64Array.from(this.#random.gaussians(size)));
    return this.#seeds;
  }

  sum(): number {
    return this.outputs().reduce((sum, { data }, t) => sum + dot(data, this.seeds()[t]!), 0);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, n) => sum + value * b[n]!, 0);
}

/** The slope along the direction, by differences. */
function slope(probe: Probe, direction: readonly Float64Array[]): number {
  const begin = probe.leaves.map(({ data }) => data.slice());
  const at = (step: number) => {
    probe.leaves.forEach(({ data }, i) => {
      data.set(begin[i]!.map((value, n) => value + step * direction[i]![n]!));
    });
    return probe.sum();
  };
  const result = (at(STEP) - at(-STEP)) / (2 * STEP);
  at(0);
  return result;
}

describe.each(variantsOf(VARIANTS))('%s', (_, variants) => {
  it.each(variants.map((each) => [each.name, each] as const))('%s', (_name, { definition, slopesOf }) => {
    const probe = new Probe(definition);
    const computed = slopesOf ? new Probe(slopesOf) : probe;
    const random = new Random(2);
    const direction = probe.leaves.map(({ size }) => Float64Array.from(random.gaussians(size)));
    backward(probe.outputs().map((value, t) => ({ value, seed: probe.seeds()[t]! })));
    const gradients = probe.leaves.map(({ gradient }) => gradient);
    const expected = gradients.reduce((sum, gradient, i) => sum + dot(gradient, direction[i]!), 0);
    const length = Math.sqrt(gradients.reduce((sum, gradient) => sum + dot(gradient, gradient), 0));
    expect(Math.abs(slope(computed, direction) - expected)).toBeLessThanOrEqual(TOLERANCE * length);
  });
});
