// Mean absolute error over the n values of a row: loss = Σ |x - t| / n, dx = sign(x - t) / n, 0 where they are equal.

import { Criterion } from './criterion';
import { addTerm, beginSum, endSum } from './sums';

/** target: f32[n]; see criterion.ts. */
export function meanAbsolute(criterion: Criterion, x: usize, target: usize, scale: f32): f32 {
  const n = criterion.size, slope = scale / <f32>n;
  beginSum();
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2), difference = load<f32>(p) - load<f32>(target + (<usize>i << 2));
    addTerm(i, abs<f32>(difference));
    store<f32>(p, difference > 0 ? slope : difference < 0 ? -slope : 0);
  }
  return endSum() / <f32>n;
}
