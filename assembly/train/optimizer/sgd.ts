// Stochastic gradient descent with momentum, as PyTorch has it, and decoupled weight decay:
//
//   m ← momentum m + g clipping        w ← decay w - rate m

/** w, m: f32, updated in place; g: f32; `bytes` of each, a multiple of 16. */
export function sgd(
  w: usize, g: usize, m: usize, bytes: usize, clip: f32, momentum: f32, rate: f32, decay: f32,
): void {
  const end = w + bytes;
  for (; w < end; w += 4, g += 4, m += 4) {
    const step = load<f32>(m) * momentum + load<f32>(g) * clip;
    store<f32>(m, step);
    store<f32>(w, load<f32>(w) * decay - step * rate);
  }
}
