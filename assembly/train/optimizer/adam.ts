// Adam (Kingma & Ba 2015), with the decoupled weight decay of AdamW (Loshchilov & Hutter 2019), as PyTorch has it:
//
//   g ← g clipping
//   m ← β₁ m + (1 - β₁) g        v ← β₂ v + (1 - β₂) g²
//   w ← decay w - rate m / (√v root + ε)
//
// A moment below 1e-30 becomes 0: those of a token that does not come any more would decay into denormal numbers.
//
// with rate = learning rate / (1 - β₁ᵗ), root = 1 / √(1 - β₂ᵗ), decay = 1 - learning rate × weight decay.

const SMALLEST: f32 = 1e-30;

/** w, m, v: f32, updated in place; g: f32; `bytes` of each, a multiple of 16. */
export function adam(
  w: usize, g: usize, m: usize, v: usize, bytes: usize,
  clip: f32, beta1: f32, beta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32,
): void {
  const rest1 = <f32>1 - beta1, rest2 = <f32>1 - beta2, end = w + bytes;
  if (!ASC_FEATURE_SIMD) {
    for (; w < end; w += 4, g += 4, m += 4, v += 4) {
      const d = load<f32>(g) * clip;
      const first = large(load<f32>(m) * beta1 + d * rest1), second = large(load<f32>(v) * beta2 + d * d * rest2);
      store<f32>(m, first); store<f32>(v, second);
      store<f32>(w, load<f32>(w) * decay - first * rate / (sqrt<f32>(second) * root + epsilon));
    }
    return;
  }
  const clips = f32x4.splat(clip), b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2), r1 = f32x4.splat(rest1);
  const r2 = f32x4.splat(rest2), rates = f32x4.splat(rate), roots = f32x4.splat(root), eps = f32x4.splat(epsilon);
  const decays = f32x4.splat(decay), tiny = f32x4.splat(SMALLEST);
  do {
    const d = f32x4.mul(v128.load(g), clips);
    const first = largeVector(f32x4.add(f32x4.mul(v128.load(m), b1), f32x4.mul(d, r1)), tiny);
    const sum = f32x4.add(f32x4.mul(v128.load(v), b2), f32x4.mul(f32x4.mul(d, d), r2));
    const second = v128.and(sum, f32x4.ge(sum, tiny));
    v128.store(m, first); v128.store(v, second);
    const change = f32x4.div(f32x4.mul(first, rates), f32x4.add(f32x4.mul(f32x4.sqrt(second), roots), eps));
    v128.store(w, f32x4.sub(f32x4.mul(v128.load(w), decays), change));
    w += 16; g += 16; m += 16; v += 16;
  } while (w < end);
}

function large(x: f32): f32 {
  return abs<f32>(x) >= SMALLEST ? x : 0;
}

// @ts-ignore: decorator
@inline
function largeVector(x: v128, tiny: v128): v128 {
  return v128.and(x, f32x4.ge(f32x4.abs(x), tiny));
}
