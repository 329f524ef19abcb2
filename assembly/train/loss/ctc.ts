// Connectionist temporal classification (Graves et al. 2006) of the logits of a sequence against labels that are not
// aligned with its timesteps, as PyTorch's CTCLoss over log softmax, in nats: -log of the sum over all alignments.
//
// The labels with a blank before, between and behind them are the states 0 … S - 1, S = 2 labels + 1; l[s] is the class of
// state s, and s - 2 may be left out where l[s] is no blank and differs from l[s - 2]. In float64, with log p = log softmax:
//
//   α[0][s] = log p[0][l[s]] of the first two states                    α: of all ways to state s, with its emission
//   α[t][s] = log p[t][l[s]] + log Σ exp α[t - 1][s, s - 1, (s - 2)]
//   β[t][s] = log Σ exp(log p[t + 1][l[r]] + β[t + 1][r]), r = s, s + 1, (s + 2)       β: of all ways from it to the end
//   log P = log Σ exp α[T - 1][S - 1, S - 2]
//   dx[t][k] = p[t][k] - Σ exp(α[t][s] + β[t][s] - log P) over the states of class k

import { Criterion } from './criterion';

/** Where the logits of one stream are, and their gradient: class k of timestep t at (k >> 4) panel + t step + (k & 15) 4. */
@unmanaged
export class SequenceView {
  logits: usize;
  /** 0 where no gradient is wanted. */
  gradient: usize;
  panel: usize;
  step: usize;
  timesteps: i32;
  /** u32[count] */
  labels: usize;
  count: i32;
}

/** Bytes of room for sequences of at most so many timesteps and labels, of `size` classes. */
export function ctcBytes(timesteps: i32, labels: i32, size: i32): f64 {
  const states = <f64>labels * 2 + 1;
  return 8 * (states * (<f64>timesteps + 2) + <f64>timesteps + <f64>size);
}

/** -log P, not divided by anything; the gradient, where it is wanted, times `scale`. */
export function ctc(criterion: Criterion, view: SequenceView, scale: f64): f64 {
  const states = view.count * 2 + 1, norms = criterion.room + (<usize>criterion.size << 3);
  const alphas = norms + (<usize>view.timesteps << 3);
  for (let t = 0; t < view.timesteps; t++) store<f64>(norms + (<usize>t << 3), logSumExp(criterion, view, t));
  forward(criterion, view, norms, alphas, states);
  const last = alphas + (<usize>(view.timesteps - 1) * <usize>states << 3);
  const total = add(at(last, states - 1), at(last, states - 2));
  if (view.gradient) backward(criterion, view, norms, alphas, states, total, scale);
  return -total;
}

function forward(criterion: Criterion, view: SequenceView, norms: usize, alphas: usize, states: i32): void {
  let row = alphas, before: usize = 0;
  for (let t = 0; t < view.timesteps; t++) {
    const norm = load<f64>(norms + (<usize>t << 3));
    for (let s = 0; s < states; s++) {
      let ways: f64 = s < 2 ? 0 : -Infinity;
      if (t > 0) {
        ways = add(at(before, s), at(before, s - 1));
        if (skips(criterion, view, s)) ways = add(ways, at(before, s - 2));
      }
      store<f64>(row + (<usize>s << 3), ways + logit(view, t, labelOf(criterion, view, s)) - norm);
    }
    before = row;
    row += <usize>states << 3;
  }
}

/** From the last timestep to the first, with the betas of two timesteps in turn behind the alphas. */
function backward(
  criterion: Criterion, view: SequenceView, norms: usize, alphas: usize, states: i32, total: f64, scale: f64,
): void {
  const bytes = <usize>states << 3, posterior = criterion.room;
  let row = alphas + <usize>view.timesteps * bytes, after = row + bytes;
  for (let t = view.timesteps - 1; t >= 0; t--) {
    memory.fill(posterior, 0, <usize>criterion.size << 3);
    for (let s = 0; s < states; s++) {
      const beta = t + 1 < view.timesteps
        ? waysOn(criterion, view, after, states, s, t + 1, load<f64>(norms + (<usize>(t + 1) << 3)))
        : s + 2 < states ? -Infinity : 0;
      store<f64>(row + (<usize>s << 3), beta);
      const p = posterior + (<usize>labelOf(criterion, view, s) << 3);
      store<f64>(p, load<f64>(p) + Math.exp(at(alphas + <usize>t * bytes, s) + beta - total));
    }
    storeGradient(criterion, view, t, load<f64>(norms + (<usize>t << 3)), scale);
    const spare = after;
    after = row;
    row = spare;
  }
}

/** β of state s at the timestep before t: on to the states s, s + 1 and, where that leaves out a blank, s + 2. */
function waysOn(
  criterion: Criterion, view: SequenceView, betas: usize, states: i32, s: i32, t: i32, norm: f64,
): f64 {
  let ways: f64 = -Infinity;
  for (let r = s; r <= s + 2 && r < states; r++) {
    if (r == s + 2 && !skips(criterion, view, r)) break;
    ways = add(ways, at(betas, r) + logit(view, t, labelOf(criterion, view, r)) - norm);
  }
  return ways;
}

function storeGradient(criterion: Criterion, view: SequenceView, t: i32, norm: f64, scale: f64): void {
  for (let k = 0; k < criterion.size; k++) {
    const p = Math.exp(logit(view, t, k) - norm) - load<f64>(criterion.room + (<usize>k << 3));
    store<f32>(view.gradient + offsetOf(view, t, k), <f32>(p * scale));
  }
}

/** log Σ exp of the logits of timestep t. */
function logSumExp(criterion: Criterion, view: SequenceView, t: i32): f64 {
  let m: f64 = -Infinity, sum: f64 = 0;
  for (let k = 0; k < criterion.size; k++) m = max(m, logit(view, t, k));
  for (let k = 0; k < criterion.size; k++) sum += Math.exp(logit(view, t, k) - m);
  return m + Math.log(sum);
}

function logit(view: SequenceView, t: i32, k: i32): f64 {
  return <f64>load<f32>(view.logits + offsetOf(view, t, k));
}

// @ts-ignore: decorator
@inline
function offsetOf(view: SequenceView, t: i32, k: i32): usize {
  return <usize>(k >> 4) * view.panel + <usize>t * view.step + (<usize>(k & 15) << 2);
}

function labelOf(criterion: Criterion, view: SequenceView, s: i32): i32 {
  return s & 1 ? load<i32>(view.labels + (<usize>(s >> 1) << 2)) : <i32>criterion.label;
}

/** Whether state s may follow s - 2. */
function skips(criterion: Criterion, view: SequenceView, s: i32): bool {
  return (s & 1) != 0 && s > 1 && labelOf(criterion, view, s) != labelOf(criterion, view, s - 2);
}

/** A row's value of state s, which may be one before the first. */
function at(row: usize, s: i32): f64 {
  return s < 0 ? -Infinity : load<f64>(row + (<usize>s << 3));
}

/** log(exp a + exp b) */
function add(a: f64, b: f64): f64 {
  const m = max(a, b);
  return m == -Infinity ? m : m + Math.log(Math.exp(a - m) + Math.exp(b - m));
}
