// Mean squared error over the n values of a row: loss = Σ (x - t)² / n, dx = 2 (x - t) / n.

import { Criterion } from './criterion';
import { addTerm, beginSum, endSum } from './sums';

/** target: f32[n]; see criterion.ts. */
export function meanSquared(criterion: Criterion, x: usize, target: usize, scale: f32): f32 {
  const n = criterion.size, factor = (scale + scale) / <f32>n;
  beginSum();
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2), difference = load<f32>(p) - load<f32>(target + (<usize>i << 2));
    addTerm(i, difference * difference);
    store<f32>(p, difference * factor);
  }
  return endSum() / <f32>n;
}
