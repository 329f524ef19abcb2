import type { ModelDefinition } from '../../src/graph/definition.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';

export interface BitwiseCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly timesteps: number;
}

/** Odd and even, below, at and above the sizes of panels and blocks. */
const SIZES = [
  [1, 1],
  [3, 7],
  [16, 16],
  [5, 33],
  [40, 24],
  [17, 64],
] as const;

/** Every cell, size and dtype, depth 1 to 3, with and without embedding and head. */
export function bitwiseCases(): BitwiseCase[] {
  const cases: BitwiseCase[] = [];
  CELLS.forEach((cell, i) => {
    SIZES.forEach(([input, hidden], j) => {
      const seed = 100 * i + j;
      const depth = 1 + (j % 3);
      const float32 = randomModel({ cell, input, hidden, depth, seed, ...(j % 2 === 1 && { output: 11 }) });
      const name = `${cell} ${input}→${hidden}×${depth}`;
      cases.push({ name: `${name} float32`, definition: float32, timesteps: 150 });
      cases.push({ name: `${name} int8`, definition: int8(float32), timesteps: 150 });
    });
    const text = randomModel({
      cell,
      input: 9,
      hidden: 20,
      depth: 2,
      vocabulary: 13,
      output: 13,
      seed: 7 + i,
    });
    cases.push({ name: `${cell} of tokens float32`, definition: text, timesteps: 100 });
    cases.push({ name: `${cell} of tokens int8`, definition: int8(text), timesteps: 100 });
  });
  return cases;
}

/** Every cell and dtype, of one size and with an embedding and a head: for what depends on rows and not on sizes. */
export function batchedCases(): BitwiseCase[] {
  return bitwiseCases().filter(({ name }) => /5→33|of tokens/.test(name));
}

/** As words, so that -0 is not 0 and NaN has its payload. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}

export function int8(definition: ModelDefinition): ModelDefinition {
  return quantize(definition, { weights: 'int8' }).definition;
}

/** Seeded inputs: tokens, or features of widely different magnitude, with runs of zeros. */
export function randomInputs(
  definition: ModelDefinition,
  timesteps: number,
  seed = 1,
): Float32Array | Uint32Array {
  const random = new Random(seed);
  const { kind, size } = definition.graph.inputs[0]!;
  if (kind === 'tokens') return random.integers(timesteps, 0, size);
  const values = new Float32Array(timesteps * size);
  for (let t = 0; t < timesteps; t++) {
    const magnitude = t % 17 === 0 ? 0 : 10 ** random.uniform(-3, 2);
    for (let i = 0; i < size; i++) values[t * size + i] = random.gaussian() * magnitude;
  }
  return values;
}

/** Timestep t of a sequence, as `step` takes it. */
export function inputAt(
  definition: ModelDefinition,
  inputs: Float32Array | Uint32Array,
  t: number,
): number | Float32Array {
  const { kind, size } = definition.graph.inputs[0]!;
  return kind === 'tokens' ? inputs[t]! : (inputs as Float32Array).slice(t * size, (t + 1) * size);
}
