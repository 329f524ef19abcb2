// Softmax cross-entropy of logits x against a class t, in nats, as PyTorch's CrossEntropyLoss: with weights w of the
// classes, label smoothing s (Szegedy et al. 2016), l[i] = log Σ exp(x - max x) - (x[i] - max x) and p = softmax(x)
//
//   loss = (1 - s) w[t] l[t] + s / n Σ w[i] l[i]
//   dx = p ((1 - s) w[t] + s / n Σ w) - (1 - s) w[t] onehot(t) - s / n w
//
// Without either the loss of a row has the bits that `crossEntropy` gives a session's logits. A row weighs w[t] in the
// mean; one whose class is the criterion's label does not count.

import { expSum, largest } from '../../kernels/softmax/f32';
import { log } from '../../kernels/log/f32';
import { Criterion, weightOfClass } from './criterion';
import { addTerm, beginSum, endSum } from './sums';

/** target: a class, u32; see criterion.ts. */
export function crossEntropy(criterion: Criterion, x: usize, target: usize, scale: f32): f32 {
  const n = criterion.size, t = load<u32>(target), at = x + (<usize>t << 2);
  const m = largest(x, n), logit = load<f32>(at) - m, smoothing = criterion.option;
  const hard = (<f32>1 - smoothing) * weightOfClass(criterion, t), even = smoothing / <f32>n;
  let all = hard, others: f32 = 0;
  if (smoothing > 0) {
    all += even * weightSum(criterion);
    others = even * weightedLogits(criterion, x, m);
  }
  const sum = expSum(x, x, n, m, 1), factor = scale * all / sum;
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2);
    store<f32>(p, load<f32>(p) * factor);
  }
  store<f32>(at, load<f32>(at) - scale * hard);
  if (smoothing > 0) subtractWeights(criterion, x, even * scale);
  return all * log(sum) - hard * logit - others;
}

/** The weight of a row of class t in the mean. */
export function weightOfTarget(criterion: Criterion, t: u32): f32 {
  return <i64>t == criterion.label ? 0 : weightOfClass(criterion, t);
}

function weightSum(criterion: Criterion): f32 {
  beginSum();
  for (let i = 0; i < criterion.size; i++) addTerm(i, weightOfClass(criterion, i));
  return endSum();
}

/** Σ w (x - offset) */
function weightedLogits(criterion: Criterion, x: usize, offset: f32): f32 {
  beginSum();
  for (let i = 0; i < criterion.size; i++) {
    addTerm(i, weightOfClass(criterion, i) * (load<f32>(x + (<usize>i << 2)) - offset));
  }
  return endSum();
}

function subtractWeights(criterion: Criterion, x: usize, factor: f32): void {
  for (let i = 0; i < criterion.size; i++) {
    const p = x + (<usize>i << 2);
    store<f32>(p, load<f32>(p) - weightOfClass(criterion, i) * factor);
  }
}
