// Huber's loss (Huber 1964) over the n values of a row, as PyTorch's HuberLoss: with d = x - t
//
//   loss = Σ (d² / 2 where |d| < delta, delta (|d| - delta / 2) elsewhere) / n        dx = d clamped to ±delta, / n

import { Criterion } from './criterion';
import { addTerm, beginSum, endSum } from './sums';

/** target: f32[n]; delta is the criterion's option; see criterion.ts. */
export function huber(criterion: Criterion, x: usize, target: usize, scale: f32): f32 {
  const n = criterion.size, delta = criterion.option, factor = scale / <f32>n;
  beginSum();
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2), d = load<f32>(p) - load<f32>(target + (<usize>i << 2)), size = abs<f32>(d);
    addTerm(i, size < delta ? <f32>0.5 * d * d : delta * (size - <f32>0.5 * delta));
    store<f32>(p, (d > delta ? delta : d < -delta ? -delta : d) * factor);
  }
  return endSum() / <f32>n;
}
