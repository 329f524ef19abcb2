/**
 * Backward of the vanilla RNN in float64: h' = f(a), a = W x + b_ih + U h + b_hh.
 *
 *   da = f'(a) dh'
 *   dW += da xᵀ    dU += da hᵀ    db_ih += da    db_hh += da
 *   dx = Wᵀ da     dh = Uᵀ da
 */
import type { RecurrentState, RecurrentStep, RecurrentWeights } from '../rnn.ts';
import { activateBackward } from './activations.ts';
import { accumulate, accumulateOuter, multiplyTransposed } from './matrix.ts';

/** Of a timestep: the gradients of what it read. dc is the LSTM's. */
export interface RecurrentBackward {
  readonly dx: Float64Array;
  readonly dh: Float64Array;
  readonly dc?: Float64Array;
}

/** Gradients of the parameters are added to. x: [inputs]; h before the step, step.h, dh: [hidden] */
export function rnnBackward(
  weights: RecurrentWeights,
  nonlinearity: 'tanh' | 'relu',
  x: Float64Array,
  { h }: RecurrentState,
  step: RecurrentStep,
  dh: Float64Array,
  gradients: RecurrentWeights,
): RecurrentBackward {
  return affineBackward(weights, x, h, activateBackward(nonlinearity, step.h, dh), gradients);
}

/** Backward of a = W x + b_ih + U h + b_hh; da: [gates*hidden] */
export function affineBackward(
  weights: RecurrentWeights,
  x: Float64Array,
  h: Float64Array,
  da: Float64Array,
  gradients: RecurrentWeights,
): RecurrentBackward {
  accumulateOuter(gradients.weight_ih, da, x);
  accumulateOuter(gradients.weight_hh, da, h);
  accumulate(gradients.bias_ih, da);
  accumulate(gradients.bias_hh, da);
  return { dx: multiplyTransposed(weights.weight_ih, da), dh: multiplyTransposed(weights.weight_hh, da) };
}
