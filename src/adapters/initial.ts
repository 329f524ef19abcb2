import type { ModelDefinition } from '../graph/definition.ts';
import { Draws, Purpose } from '../runtime/draws.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Factors, LowRank } from './low-rank.ts';

/** What a training adapts, with nothing left open. */
export interface ResolvedAdapters {
  readonly rank: number;
  readonly alpha: number;
  /** Names of the adapted matrices. */
  readonly matrices: readonly string[];
}

/**
 * Adapters that change nothing yet: A uniform in ±1 / √columns, as PyTorch draws the weights of a linear layer, B zero.
 *
 * @param seed a non-negative safe integer
 */
export function initialLowRank(
  runtime: Runtime,
  { tensors }: ModelDefinition,
  { rank, alpha, matrices }: ResolvedAdapters,
  seed: number,
): LowRank {
  const draws = new Draws(runtime, seed, Purpose.Adapters);
  const factors = new Map<string, Factors>();
  let drawn = 0;
  for (const name of matrices) {
    const [rows, columns] = tensors.get(name)!.shape as [number, number];
    const bound = 1 / Math.sqrt(columns);
    const a = Float32Array.from({ length: rank * columns }, () => (2 * draws.uniform(drawn++) - 1) * bound);
    factors.set(name, {
      a: { dtype: 'F32', shape: [rank, columns], data: a },
      b: { dtype: 'F32', shape: [rows, rank], data: new Float32Array(rows * rank) },
    });
  }
  return { rank, alpha, factors };
}
