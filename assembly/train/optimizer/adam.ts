// Adam (Kingma & Ba 2015), with classic weight decay or the decoupled one of AdamW (Loshchilov & Hutter 2019), as PyTorch
// has them:
//
//   d = g clipping + classic decay w (see gradient.ts)
//   m ← β₁ m + (1 - β₁) d        v ← β₂ v + (1 - β₂) d²
//   w ← decay w - rate m / (√v root + ε)
//
// with rate = learning rate / (1 - β₁ᵗ), root = 1 / √(1 - β₂ᵗ), decay = 1 - learning rate × decoupled weight decay.

import { SMALLEST, flushed, flushedVector } from './flush';

/** w, m, v: f32, updated in place; g: f32; `bytes` of each, a multiple of 16. */
export function adam(
  w: usize, g: usize, m: usize, v: usize, bytes: usize,
  clip: f32, beta1: f32, beta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32,
): void {
  const rest1 = <f32>1 - beta1, rest2 = <f32>1 - beta2, end = w + bytes;
  if (!ASC_FEATURE_SIMD) {
    for (; w < end; w += 4, g += 4, m += 4, v += 4) {
      const d = load<f32>(g) * clip;
      const first = flushed(load<f32>(m) * beta1 + d * rest1), second = flushed(load<f32>(v) * beta2 + d * d * rest2);
      store<f32>(m, first); store<f32>(v, second);
      store<f32>(w, load<f32>(w) * decay - first * rate / (sqrt<f32>(second) * root + epsilon));
    }
    return;
  }
  const clips = f32x4.splat(clip), b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const r1 = f32x4.splat(rest1), r2 = f32x4.splat(rest2), tiny = f32x4.splat(SMALLEST);
  const rates = f32x4.splat(rate), roots = f32x4.splat(root), eps = f32x4.splat(epsilon), decays = f32x4.splat(decay);
  do {
    const d = f32x4.mul(v128.load(g), clips);
    const first = flushedVector(f32x4.add(f32x4.mul(v128.load(m), b1), f32x4.mul(d, r1)), tiny);
    const second = flushedVector(f32x4.add(f32x4.mul(v128.load(v), b2), f32x4.mul(f32x4.mul(d, d), r2)), tiny);
    v128.store(m, first); v128.store(v, second);
    const change = f32x4.div(f32x4.mul(first, rates), f32x4.add(f32x4.mul(f32x4.sqrt(second), roots), eps));
    v128.store(w, f32x4.sub(f32x4.mul(v128.load(w), decays), change));
    w += 16; g += 16; m += 16; v += 16;
  } while (w < end);
}
