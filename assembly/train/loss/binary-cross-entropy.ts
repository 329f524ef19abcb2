// Binary cross-entropy of n logits x against probabilities t, in nats, as PyTorch's BCEWithLogitsLoss: with the weight w of
// what is positive, σ = 1 / (1 + exp(-x)) and l = -log σ = log(1 + exp(-|x|)) + max(-x, 0)
//
//   loss = Σ ((1 - t) x + (1 - t + w t) l) / n        dx = ((1 - t) σ - w t (1 - σ)) / n
//
// σ and 1 - σ come from exp(-|x|) each, so that neither is a difference of nearly equal numbers.

import { exp } from '../../kernels/exp/f32';
import { log } from '../../kernels/log/f32';
import { Criterion, weightOfClass } from './criterion';
import { addTerm, beginSum, endSum } from './sums';

/** target: f32[n] from 0 to 1; see criterion.ts. */
export function binaryCrossEntropy(criterion: Criterion, x: usize, target: usize, scale: f32): f32 {
  const n = criterion.size, factor = scale / <f32>n;
  beginSum();
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2), v = load<f32>(p), t = load<f32>(target + (<usize>i << 2));
    const positive = weightOfClass(criterion, i) * t, negative = <f32>1 - t;
    const e = exp(-abs<f32>(v)), near = <f32>1 / (<f32>1 + e), far = e * near;
    addTerm(i, negative * v + (negative + positive) * (log(<f32>1 + e) + (v < 0 ? -v : 0)));
    store<f32>(p, (negative * (v < 0 ? far : near) - positive * (v < 0 ? near : far)) * factor);
  }
  return endSum() / <f32>n;
}
