import type { Tensor } from '../graph/definition.ts';

export type Float32Tensor = Extract<Tensor, { dtype: 'F32' }>;

/** The factors of a matrix [rows, columns]: A [rank, columns], B [rows, rank]. */
export interface Factors {
  readonly a: Float32Tensor;
  readonly b: Float32Tensor;
}

/**
 * Low-rank changes of some matrices of a model (LoRA; Hu et al. 2021): W' = W + (alpha / rank) B A.
 */
export interface LowRank {
  readonly rank: number;
  readonly alpha: number;
  /** By the name of the matrix. */
  readonly factors: ReadonlyMap<string, Factors>;
}

/** What a product of A and B is multiplied by, in float32. */
export function scaleOf({ rank, alpha }: LowRank): number {
  return Math.fround(alpha / rank);
}

/** The names of the factors of a matrix, as PEFT calls them. */
export function factorNames(matrix: string): { readonly a: string; readonly b: string } {
  return { a: `${matrix}.lora_A`, b: `${matrix}.lora_B` };
}
