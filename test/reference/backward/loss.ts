/**
 * Losses of a row in float64, and their derivatives.
 *
 *   cross-entropy        l = -log softmax(y)[target]       dy = softmax(y) - onehot(target)
 *   mean squared error   l = Σ (y - target)² / size        dy = 2 (y - target) / size
 */
import { softmax } from '../activations.ts';

export interface RowLoss {
  readonly loss: number;
  /** [size] */
  readonly dy: Float64Array;
}

/** logits: [classes]; loss in nats */
export function crossEntropy(logits: Float64Array, target: number): RowLoss {
  if (!Number.isInteger(target) || target < 0 || target >= logits.length)
    throw new Error(`target ${target} of ${logits.length} classes`);
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, value) => total + Math.exp(value - greatest), 0);
  const dy = softmax(logits);
  dy[target]! -= 1;
  return { loss: Math.log(sum) + greatest - logits[target]!, dy };
}

/** values, target: [size] */
export function meanSquaredError(values: Float64Array, target: ArrayLike<number>): RowLoss {
  const difference = values.map((value, n) => value - target[n]!);
  return {
    loss: difference.reduce((sum, value) => sum + value * value, 0) / values.length,
    dy: difference.map((value) => (2 * value) / values.length),
  };
}
