/**
 * Backward of an embedding in float64: y = weight[token].
 *
 *   dweight[token] += dy
 */
import { type Matrix, rowsOf } from '../matrix.ts';
import { accumulate } from './matrix.ts';

/** dweight: [vocabulary, size], dy: [size] */
export function embeddingBackward(dweight: Matrix, token: number, dy: Float64Array): void {
  accumulate(rowsOf(dweight, token, 1).data, dy);
}
