/**
 * Backward of the LSTM in float64: c' = f c + i g, h' = o tanh(c'), gates i, f, g, o of
 * a = W x + b_ih + U h + b_hh.
 *
 *   do  = dh' tanh(c')
 *   dc' = dc' + dh' o (1 - tanh²(c'))
 *   di  = dc' g    df = dc' c    dg = dc' i    dc = dc' f
 *   da  = di i (1 - i), df f (1 - f), dg (1 - g²), do o (1 - o)
 *   and from da as in rnn.ts
 */
import { concat } from '../matrix.ts';
import type { RecurrentState, RecurrentStep, RecurrentWeights } from '../rnn.ts';
import { activateBackward, tanhBackward } from './activations.ts';
import { affineBackward, type RecurrentBackward } from './rnn.ts';

/** State before the step, the step itself, dh and dc of what it gave: [hidden] each; x: [inputs] */
export function lstmBackward(
  weights: RecurrentWeights,
  x: Float64Array,
  state: RecurrentState,
  step: RecurrentStep,
  dh: Float64Array,
  dcNext: Float64Array,
  gradients: RecurrentWeights,
): RecurrentBackward {
  const hidden = dh.length;
  const gate = (index: number) => step.gates.subarray(index * hidden, (index + 1) * hidden);
  const [i, f, g, o] = [gate(0), gate(1), gate(2), gate(3)];
  const squashed = step.c!.map(Math.tanh);
  const dO = dh.map((value, n) => value * squashed[n]!);
  const dc = dcNext.map((value, n) => value + tanhBackward(squashed[n]!, dh[n]! * o[n]!));
  const times = (factor: Float64Array) => dc.map((value, n) => value * factor[n]!);
  const da = concat(
    activateBackward('sigmoid', i, times(g)),
    activateBackward('sigmoid', f, times(state.c!)),
    activateBackward('tanh', g, times(i)),
    activateBackward('sigmoid', o, dO),
  );
  return { ...affineBackward(weights, x, state.h, da, gradients), dc: times(f) };
}
