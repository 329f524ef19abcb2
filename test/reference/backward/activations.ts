/**
 * Derivatives of activations in float64, by what the activation gave: y = f(x), dx = f'(x) dy.
 *
 *   sigmoid   dx = dy y (1 - y)
 *   tanh      dx = dy (1 - y²)
 *   relu      dx = dy where y > 0, else 0
 *   softmax   dx = y (dy - Σ dy y)
 */
import type { Activation } from '../../../src/graph/definition.ts';

export function sigmoidBackward(y: number, dy: number): number {
  return dy * y * (1 - y);
}

export function tanhBackward(y: number, dy: number): number {
  return dy * (1 - y * y);
}

export function reluBackward(y: number, dy: number): number {
  return y > 0 ? dy : 0;
}

export function softmaxBackward(y: Float64Array, dy: Float64Array): Float64Array {
  const mean = y.reduce((sum, value, n) => sum + value * dy[n]!, 0);
  return y.map((value, n) => value * (dy[n]! - mean));
}

/** y, dy and the result: [size] */
export function activateBackward(
  activation: Activation | undefined,
  y: Float64Array,
  dy: Float64Array,
): Float64Array {
  const each = (derivative: (y: number, dy: number) => number) =>
    y.map((value, n) => derivative(value, dy[n]!));
  switch (activation) {
    case undefined:
      return dy.slice();
    case 'sigmoid':
      return each(sigmoidBackward);
    case 'tanh':
      return each(tanhBackward);
    case 'relu':
      return each(reluBackward);
    case 'softmax':
      return softmaxBackward(y, dy);
  }
}
