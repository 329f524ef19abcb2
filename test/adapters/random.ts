/** Adapters of random factors, for case tables. */
import { type Adapter, adapterOf } from '../../src/adapters/adapter.ts';
import type { LowRank } from '../../src/adapters/low-rank.ts';
import { type AdapterOptions, readAdapters } from '../../src/adapters/matrices.ts';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import type { Model } from '../../src/session/model.ts';
import { Random } from '../reference/random.ts';

/** Neither factor is zero: A uniform in ±1 / √columns, B in ±bound. */
export function randomLowRank(
  definition: ModelDefinition,
  options: AdapterOptions,
  seed: number,
  bound = 0.5,
): LowRank {
  const { rank, alpha, matrices } = readAdapters(options, definition);
  const random = new Random(seed);
  const draw = (rows: number, columns: number, limit: number) =>
    ({ dtype: 'F32', shape: [rows, columns], data: random.uniforms(rows * columns, -limit, limit) }) as const;
  const factors = matrices.map((name) => {
    const [rows, columns] = definition.tensors.get(name)!.shape as [number, number];
    return [name, { a: draw(rank, columns, 1 / Math.sqrt(columns)), b: draw(rows, rank, bound) }] as const;
  });
  return { rank, alpha, factors: new Map(factors) };
}

export function randomAdapter(model: Model, options: AdapterOptions, seed: number, bound?: number): Adapter {
  return adapterOf(model, randomLowRank(model.definition, options, seed, bound));
}

/** W + (alpha / rank) B A for every adapted matrix, in float64; the float64 reference takes it as it is. */
export function merged64(definition: ModelDefinition, { rank, alpha, factors }: LowRank): ModelDefinition {
  const tensors = new Map(definition.tensors);
  for (const [name, { a, b }] of factors) {
    const { shape, data } = definition.tensors.get(name)!;
    const [rows, columns] = shape as [number, number];
    const merged = Float64Array.from(data);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let r = 0; r < rank; r++)
          merged[row * columns + column]! +=
            (alpha / rank) * b.data[row * rank + r]! * a.data[r * columns + column]!;
    tensors.set(name, { dtype: 'F32', shape, data: merged as unknown as Float32Array } satisfies Tensor);
  }
  return { ...definition, tensors };
}
