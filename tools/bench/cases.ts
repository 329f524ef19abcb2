import type { ModelDefinition } from '../../src/graph/definition.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { randomModel } from '../../test/reference/models.ts';
import { Random } from '../../test/reference/random.ts';

export const CELLS = ['lstm', 'gru'] as const;
export const WEIGHTS = ['float32', 'int8'] as const;
/** Inputs and hidden units. */
export const SIZES: readonly number[] = [16, 64, 128, 256, 512];

export interface BenchCase {
  readonly cell: (typeof CELLS)[number];
  readonly weights: (typeof WEIGHTS)[number];
  readonly size: number;
  /** One layer, the GRU with the reset after the product; `float32` and `int8` share their float32 origin. */
  readonly definition: ModelDefinition;
  readonly origin: ModelDefinition;
}

export function benchCases(cells: readonly BenchCase['cell'][], sizes: readonly number[]): BenchCase[] {
  return cells.flatMap((cell) =>
    WEIGHTS.flatMap((weights) => sizes.map((size) => make(cell, weights, size))),
  );
}

function make(cell: BenchCase['cell'], weights: BenchCase['weights'], size: number): BenchCase {
  const name = cell === 'lstm' ? 'lstm' : 'gru-after';
  const origin = randomModel({ cell: name, input: size, hidden: size, depth: 1, seed: size });
  const definition = weights === 'int8' ? quantize(origin, { weights }).definition : origin;
  return { cell, weights, size, definition, origin };
}

/** Seeded inputs x ~ N(0, 1): `timesteps` vectors of `size`. */
export function noise(size: number, timesteps: number, seed = 1): Float32Array[] {
  const random = new Random(seed);
  return Array.from({ length: timesteps }, () => random.gaussians(size));
}
