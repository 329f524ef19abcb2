/**
 * LSTM in float64, gates i, f, g, o.
 *
 *   i = sigmoid(W_i x + b_ih_i + U_i h + b_hh_i)
 *   f = sigmoid(W_f x + b_ih_f + U_f h + b_hh_f)
 *   g =    tanh(W_g x + b_ih_g + U_g h + b_hh_g)
 *   o = sigmoid(W_o x + b_ih_o + U_o h + b_hh_o)
 *   c' = f * c + i * g
 *   h' = o * tanh(c')
 */
import { sigmoid } from './activations.ts';
import { add, concat, multiply } from './matrix.ts';
import type { RecurrentState, RecurrentStep, RecurrentWeights } from './rnn.ts';

/** x: [inputs], h and c: [hidden]; gates: [4*hidden] */
export function lstmStep(weights: RecurrentWeights, x: Float64Array, state: RecurrentState): RecurrentStep {
  const { weight_ih: W, weight_hh: U, bias_ih, bias_hh } = weights;
  const { h, c = new Float64Array(h.length) } = state;
  const sum = add(multiply(W, x), bias_ih, multiply(U, h), bias_hh);
  const gate = (index: number) => sum.subarray(index * h.length, (index + 1) * h.length);
  const i = gate(0).map(sigmoid);
  const f = gate(1).map(sigmoid);
  const g = gate(2).map(Math.tanh);
  const o = gate(3).map(sigmoid);
  const nextC = c.map((value, n) => f[n]! * value + i[n]! * g[n]!);
  const nextH = o.map((value, n) => value * Math.tanh(nextC[n]!));
  return { h: nextH, c: nextC, gates: concat(i, f, g, o) };
}
