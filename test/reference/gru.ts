/**
 * GRU in float64, gates r, z, n.
 *
 *   r = sigmoid(W_r x + b_ih_r + U_r h + b_hh_r)
 *   z = sigmoid(W_z x + b_ih_z + U_z h + b_hh_z)
 *   n = tanh(W_n x + b_ih_n + r * (U_n h + b_hh_n))      reset after: PyTorch, cuDNN
 *   n = tanh(W_n x + b_ih_n + U_n (r * h) + b_hh_n)      reset before: the original
 *   h' = (1 - z) * n + z * h
 */
import { sigmoid } from './activations.ts';
import { add, concat, type Matrix, multiply, rowsOf } from './matrix.ts';
import type { RecurrentState, RecurrentStep, RecurrentWeights } from './rnn.ts';

/** x: [inputs], h: [hidden]; gates: [3*hidden] */
export function gruStep(
  weights: RecurrentWeights,
  resetAfter: boolean,
  x: Float64Array,
  { h }: RecurrentState,
): RecurrentStep {
  const hidden = h.length;
  const rows = (matrix: Matrix, gate: number) => rowsOf(matrix, gate * hidden, hidden);
  const part = (vector: Float64Array, gate: number) => vector.subarray(gate * hidden, (gate + 1) * hidden);
  const fromInput = (gate: number) =>
    add(multiply(rows(weights.weight_ih, gate), x), part(weights.bias_ih, gate));
  const fromState = (gate: number, state: Float64Array) =>
    add(multiply(rows(weights.weight_hh, gate), state), part(weights.bias_hh, gate));
  const r = add(fromInput(0), fromState(0, h)).map(sigmoid);
  const z = add(fromInput(1), fromState(1, h)).map(sigmoid);
  const recurrent = resetAfter ? times(r, fromState(2, h)) : fromState(2, times(r, h));
  const n = add(fromInput(2), recurrent).map(Math.tanh);
  const next = h.map((value, k) => (1 - z[k]!) * n[k]! + z[k]! * value);
  return { h: next, gates: concat(r, z, n) };
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, k) => value * b[k]!);
}
