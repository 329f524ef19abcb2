// Draws a token from logits: temperature, then the topK most likely, then the smallest set of these that holds topP
// of their probability. Ties go to the lower token. No host arithmetic, no sort: tokens leave a heap, most likely first,
// for only as long as they are needed.

import { expSum, largest } from '../softmax/f32';

/** The token of the largest logit, the lowest of equals. */
export function argmax(logits: usize, n: i32): i32 {
  const m = largest(logits, n);
  for (let i = 0; i < n; i++) if (load<f32>(logits + (<usize>i << 2)) == m) return i;
  return 0;
}

/**
 * logits: f32[n]; temperature > 0; topK in 1 … n; topP in (0, 1]; u uniform in [0, 1);
 * scratch: f32[n] weights, then i32[n] heap. The logits stay as they are.
 */
export function sample(
  logits: usize, n: i32, temperature: f32, topK: i32, topP: f32, u: f32, scratch: usize,
): i32 {
  const weights = scratch, heap = scratch + (<usize>n << 2);
  const total = expSum(logits, weights, n, largest(logits, n), <f32>1 / temperature);
  if (topK >= n && topP >= 1) return pick(weights, n, u * total);
  for (let i = 0; i < n; i++) store<i32>(heap + (<usize>i << 2), i);
  for (let i = (n >> 1) - 1; i >= 0; i--) sink(heap, weights, i, n);
  // Popped tokens end up behind the shrinking heap, the most likely last.
  let popped = 0, sum = total;
  if (topK < n) {
    sum = 0;
    while (popped < topK) {
      pop(heap, weights, n - popped++);
      sum += weightAt(heap, weights, n - popped);
    }
  }
  let kept = 0;
  let mass: f32 = 0;
  do {
    if (kept == popped) pop(heap, weights, n - popped++);
    mass += weightAt(heap, weights, n - ++kept);
  } while (kept < topK && mass < topP * sum);
  const wanted = u * mass;
  let passed: f32 = 0;
  for (let i = 1; i <= kept; i++) {
    passed += weightAt(heap, weights, n - i);
    if (wanted < passed) return load<i32>(heap + (<usize>(n - i) << 2));
  }
  return load<i32>(heap + (<usize>(n - 1) << 2));
}

function pick(weights: usize, n: i32, wanted: f32): i32 {
  let passed: f32 = 0, last = 0;
  for (let i = 0; i < n; i++) {
    const w = load<f32>(weights + (<usize>i << 2));
    passed += w;
    if (wanted < passed) return i;
    if (w > 0) last = i;
  }
  return last;
}

function weightAt(heap: usize, weights: usize, i: i32): f32 {
  return load<f32>(weights + (<usize>load<i32>(heap + (<usize>i << 2)) << 2));
}

/** Moves the root of a heap of `size` to its last place and mends the rest. */
function pop(heap: usize, weights: usize, size: i32): void {
  const last = heap + (<usize>(size - 1) << 2), root = load<i32>(heap);
  store<i32>(heap, load<i32>(last));
  store<i32>(last, root);
  sink(heap, weights, 0, size - 1);
}

function sink(heap: usize, weights: usize, i: i32, size: i32): void {
  for (;;) {
    let child = 2 * i + 1;
    if (child >= size) return;
    if (child + 1 < size && before(heap, weights, child + 1, child)) child++;
    if (!before(heap, weights, child, i)) return;
    const a = heap + (<usize>i << 2), b = heap + (<usize>child << 2), t = load<i32>(a);
    store<i32>(a, load<i32>(b));
    store<i32>(b, t);
    i = child;
  }
}

/** Whether the token at place i is more likely than that at j, or as likely and lower. */
function before(heap: usize, weights: usize, i: i32, j: i32): bool {
  const a = weightAt(heap, weights, i), b = weightAt(heap, weights, j);
  return a > b || (a == b && load<i32>(heap + (<usize>i << 2)) < load<i32>(heap + (<usize>j << 2)));
}
