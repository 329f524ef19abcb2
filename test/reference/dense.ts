/**
 * Dense layer in float64.
 *
 *   y = activation(W x + b)
 */
import type { Activation } from '../../src/graph/definition.ts';
import { activate } from './activations.ts';
import { add, type Matrix, multiply } from './matrix.ts';

/** weight: [units, inputs], bias: [units], x: [inputs], y: [units] */
export function denseStep(
  weight: Matrix,
  bias: Float64Array,
  activation: Activation | undefined,
  x: Float64Array,
): Float64Array {
  const y = add(multiply(weight, x), bias);
  return activation === undefined ? y : activate(y, activation);
}
