/**
 * Activations in float64.
 *
 *   sigmoid(x) = 1 / (1 + exp(-x))
 *   relu(x)    = max(x, 0)
 *   softmax(x) = exp(x - max x) / sum exp(x - max x)
 */
import type { Activation } from '../../src/graph/definition.ts';

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function relu(x: number): number {
  return Math.max(x, 0);
}

export function softmax(x: Float64Array): Float64Array {
  const greatest = x.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = x.map((value) => Math.exp(value - greatest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** The activation of a vector; the vector given is left as it is. */
export function activate(x: Float64Array, activation: Activation): Float64Array {
  switch (activation) {
    case 'sigmoid':
      return x.map(sigmoid);
    case 'tanh':
      return x.map(Math.tanh);
    case 'relu':
      return x.map(relu);
    case 'softmax':
      return softmax(x);
  }
}
