/**
 * Activations in float64, with their slopes.
 *
 *   sigmoid(x)      = 1 / (1 + exp(-x))
 *   hardSigmoid(x)  = max(0, min(1, alpha x + beta))
 *   relu(x)         = max(x, 0)
 *   leakyRelu(x)    = x where x > 0, else alpha x
 *   elu(x)          = x where x > 0, else alpha (exp(x) - 1)
 *   softsign(x)     = x / (1 + |x|)
 *   clip(x)         = max(low, min(high, x))
 *   softmax(x)      = exp(x - max x) / sum exp(x - max x)
 */
import type { GateActivation } from '../../src/graph/definition.ts';

/** A function of one number, and its derivative by x and what the function gave for it. */
export interface Elementwise {
  readonly value: (x: number) => number;
  readonly slope: (x: number, y: number) => number;
}

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

export function clip(low: number, high: number): Elementwise {
  return {
    value: (x) => Math.max(low, Math.min(high, x)),
    slope: (x) => (x > low && x < high ? 1 : 0),
  };
}

export function elementwise(activation: GateActivation): Elementwise {
  const parameters = typeof activation === 'string' ? { type: activation } : activation;
  switch (parameters.type) {
    case 'identity':
      return { value: (x) => x, slope: () => 1 };
    case 'sigmoid':
      return { value: sigmoid, slope: (_, y) => y * (1 - y) };
    case 'tanh':
      return { value: Math.tanh, slope: (_, y) => 1 - y * y };
    case 'relu':
      return { value: relu, slope: (x) => (x > 0 ? 1 : 0) };
    case 'softsign':
      return { value: (x) => x / (1 + Math.abs(x)), slope: (x) => 1 / (1 + Math.abs(x)) ** 2 };
    case 'hard-sigmoid': {
      const { alpha, beta } = 'alpha' in parameters ? parameters : { alpha: 0.2, beta: 0.5 };
      const { value, slope } = clip(0, 1);
      return { value: (x) => value(alpha * x + beta), slope: (x) => alpha * slope(alpha * x + beta, 0) };
    }
    case 'leaky-relu': {
      const alpha = 'alpha' in parameters ? parameters.alpha : 0.01;
      return { value: (x) => (x > 0 ? x : alpha * x), slope: (x) => (x > 0 ? 1 : alpha) };
    }
    case 'elu': {
      const alpha = 'alpha' in parameters ? parameters.alpha : 1;
      return { value: (x) => (x > 0 ? x : alpha * Math.expm1(x)), slope: (x, y) => (x > 0 ? 1 : y + alpha) };
    }
    case 'clip':
      return 'low' in parameters ? clip(parameters.low, parameters.high) : clip(-1, 1);
  }
}
