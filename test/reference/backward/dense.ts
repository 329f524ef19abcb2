/**
 * Backward of a dense layer in float64: y = activation(a), a = W x + b.
 *
 *   da = activation'(a) dy
 *   dW += da xᵀ    db += da    dx = Wᵀ da
 */
import type { Activation } from '../../../src/graph/definition.ts';
import type { Matrix } from '../matrix.ts';
import { activateBackward } from './activations.ts';
import { accumulate, accumulateOuter, multiplyTransposed } from './matrix.ts';

/** Gradients like the parameters, added to. */
export interface DenseGradients {
  readonly weight: Matrix;
  readonly bias: Float64Array;
}

/** x: [inputs], y and dy: [units]; gives dx: [inputs] */
export function denseBackward(
  weight: Matrix,
  activation: Activation | undefined,
  x: Float64Array,
  y: Float64Array,
  dy: Float64Array,
  gradients: DenseGradients,
): Float64Array {
  const da = activateBackward(activation, y, dy);
  accumulateOuter(gradients.weight, da, x);
  accumulate(gradients.bias, da);
  return multiplyTransposed(weight, da);
}
