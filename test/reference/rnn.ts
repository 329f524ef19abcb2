/**
 * Vanilla RNN in float64.
 *
 *   h' = tanh(W x + b_ih + U h + b_hh)      or relu(…)
 */
import { relu } from './activations.ts';
import { add, type Matrix, multiply } from './matrix.ts';

/** A recurrent layer's parameters; gates one after the other in PyTorch's order. */
export interface RecurrentWeights {
  /** W: [gates*hidden, inputs] */
  readonly weight_ih: Matrix;
  /** U: [gates*hidden, hidden] */
  readonly weight_hh: Matrix;
  /** [gates*hidden], zeros where the layer has no bias */
  readonly bias_ih: Float64Array;
  readonly bias_hh: Float64Array;
}

export interface RecurrentState {
  readonly h: Float64Array;
  /** Of the LSTM only. */
  readonly c?: Float64Array;
}

/** What a timestep gives: the next state, and the gates after their activations, concatenated. */
export interface RecurrentStep extends RecurrentState {
  /** [gates*hidden]; the RNN's one gate is h'. */
  readonly gates: Float64Array;
}

/** x: [inputs], h: [hidden] */
export function rnnStep(
  weights: RecurrentWeights,
  nonlinearity: 'tanh' | 'relu',
  x: Float64Array,
  { h }: RecurrentState,
): RecurrentStep {
  const { weight_ih: W, weight_hh: U, bias_ih, bias_hh } = weights;
  const sum = add(multiply(W, x), bias_ih, multiply(U, h), bias_hh);
  const next = sum.map(nonlinearity === 'tanh' ? Math.tanh : relu);
  return { h: next, gates: next.slice() };
}
