// Softmax cross-entropy of logits x against a class t, in nats:
//
//   loss = log Σ exp(x - max x) - (x[t] - max x)       dx = softmax(x) - onehot(t)
//
// The loss of a row has the bits that `crossEntropy` gives a session's logits.

import { expSum, largest } from '../../kernels/softmax/f32';
import { log } from '../../kernels/log/f32';

/** x: f32[n], becomes dx times `scale`; returns the loss. */
export function crossEntropyBackward(x: usize, n: i32, target: i32, scale: f32): f32 {
  const at = x + (<usize>target << 2), m = largest(x, n), logit = load<f32>(at) - m;
  const sum = expSum(x, x, n, m, 1), factor = scale / sum;
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2);
    store<f32>(p, load<f32>(p) * factor);
  }
  store<f32>(at, load<f32>(at) - scale);
  return log(sum) - logit;
}
