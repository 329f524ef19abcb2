/**
 * Backward of the GRU in float64: h' = (1 - z) n + z h. With a_r, a_z, a_n the arguments of the gates:
 *
 *   dn = dh' (1 - z)    dz = dh' (h - n)    dh = dh' z + …
 *   da_n = dn (1 - n²)
 *
 *   reset after,  a_n = W_n x + b_ih_n + r q, q = U_n h + b_hh_n:
 *     dr = da_n q    dq = da_n r    dU_n += dq hᵀ    db_hh_n += dq    dh += U_nᵀ dq
 *   reset before, a_n = W_n x + b_ih_n + U_n p + b_hh_n, p = r h:
 *     dp = U_nᵀ da_n    dU_n += da_n pᵀ    db_hh_n += da_n    dr = dp h    dh += dp r
 *
 *   da_r = dr r (1 - r)    da_z = dz z (1 - z)
 *   and from da_r and da_z as in rnn.ts
 */
import { add, concat, type Matrix, multiply, rowsOf } from '../matrix.ts';
import type { RecurrentState, RecurrentStep, RecurrentWeights } from '../rnn.ts';
import { activateBackward, tanhBackward } from './activations.ts';
import { accumulate, accumulateOuter, multiplyTransposed } from './matrix.ts';
import { affineBackward, type RecurrentBackward } from './rnn.ts';

/** State before the step, the step itself and dh of what it gave: [hidden] each; x: [inputs] */
export function gruBackward(
  weights: RecurrentWeights,
  resetAfter: boolean,
  x: Float64Array,
  { h }: RecurrentState,
  step: RecurrentStep,
  dhNext: Float64Array,
  gradients: RecurrentWeights,
): RecurrentBackward {
  const hidden = h.length;
  const gate = (index: number) => step.gates.subarray(index * hidden, (index + 1) * hidden);
  const [r, z, n] = [gate(0), gate(1), gate(2)];
  const dan = dhNext.map((value, k) => tanhBackward(n[k]!, value * (1 - z[k]!)));
  const daz = activateBackward(
    'sigmoid',
    z,
    dhNext.map((value, k) => value * (h[k]! - n[k]!)),
  );
  const candidate = resetAfter ? candidateAfter : candidateBefore;
  const { dr, dh: dhOfCandidate } = candidate(weights, h, r, dan, gradients);
  const dar = activateBackward('sigmoid', r, dr);
  const gates = blocks(weights, 0, 2 * hidden);
  const { dx, dh } = affineBackward(gates, x, h, concat(dar, daz), blocks(gradients, 0, 2 * hidden));
  const input = rowsOf(weights.weight_ih, 2 * hidden, hidden);
  accumulateOuter(rowsOf(gradients.weight_ih, 2 * hidden, hidden), dan, x);
  accumulate(gradients.bias_ih.subarray(2 * hidden), dan);
  return {
    dx: add(dx, multiplyTransposed(input, dan)),
    dh: add(dh, dhOfCandidate, times(dhNext, z)),
  };
}

/** dr, and what reaches h through the recurrent part of the candidate n. */
type Candidate = (
  weights: RecurrentWeights,
  h: Float64Array,
  r: Float64Array,
  dan: Float64Array,
  gradients: RecurrentWeights,
) => { dr: Float64Array; dh: Float64Array };

const candidateAfter: Candidate = (weights, h, r, dan, gradients) => {
  const U = lastRows(weights.weight_hh, h.length);
  const q = add(multiply(U, h), weights.bias_hh.subarray(2 * h.length));
  const dq = times(dan, r);
  accumulateOuter(lastRows(gradients.weight_hh, h.length), dq, h);
  accumulate(gradients.bias_hh.subarray(2 * h.length), dq);
  return { dr: times(dan, q), dh: multiplyTransposed(U, dq) };
};

const candidateBefore: Candidate = (weights, h, r, dan, gradients) => {
  const dp = multiplyTransposed(lastRows(weights.weight_hh, h.length), dan);
  accumulateOuter(lastRows(gradients.weight_hh, h.length), dan, times(r, h));
  accumulate(gradients.bias_hh.subarray(2 * h.length), dan);
  return { dr: times(dp, h), dh: times(dp, r) };
};

function lastRows(matrix: Matrix, rows: number): Matrix {
  return rowsOf(matrix, matrix.rows - rows, rows);
}

/** Rows `first` to `first + rows` of every parameter. */
function blocks(weights: RecurrentWeights, first: number, rows: number): RecurrentWeights {
  return {
    weight_ih: rowsOf(weights.weight_ih, first, rows),
    weight_hh: rowsOf(weights.weight_hh, first, rows),
    bias_ih: weights.bias_ih.subarray(first, first + rows),
    bias_hh: weights.bias_hh.subarray(first, first + rows),
  };
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, k) => value * b[k]!);
}
