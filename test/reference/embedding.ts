/**
 * Embedding in float64.
 *
 *   y = weight[token]
 */
import { type Matrix, rowsOf } from './matrix.ts';

/** weight: [vocabulary, size], y: [size] */
export function embeddingStep(weight: Matrix, token: number): Float64Array {
  if (!Number.isInteger(token) || token < 0 || token >= weight.rows) {
    throw new Error(`token ${token} in a vocabulary of ${weight.rows}`);
  }
  return rowsOf(weight, token, 1).data.slice();
}
