// RMSprop (Tieleman & Hinton 2012; centered: Graves 2013), as PyTorch has it:
//
//   d = g clipping + classic decay w (see gradient.ts)
//   v ← α v + (1 - α) d²        a ← α a + (1 - α) d        s = √v + ε, or √max(v - a², 0) + ε
//   m ← momentum m + d / s      w ← w - rate m

import { SMALLEST, flushed, flushedVector } from './flush';

/** w, m, v and, unless it is 0, a: f32, updated in place; g: f32; `bytes` of each, a multiple of 16. */
export function rmsprop(
  w: usize, g: usize, m: usize, v: usize, a: usize, bytes: usize,
  clip: f32, alpha: f32, epsilon: f32, momentum: f32, rate: f32,
): void {
  const rest = <f32>1 - alpha, end = w + bytes;
  if (!ASC_FEATURE_SIMD) {
    for (; w < end; w += 4, g += 4, m += 4, v += 4) {
      const d = load<f32>(g) * clip;
      let power = flushed(load<f32>(v) * alpha + d * d * rest);
      store<f32>(v, power);
      if (a) {
        const mean = flushed(load<f32>(a) * alpha + d * rest);
        store<f32>(a, mean);
        power -= mean * mean;
        power = power < 0 ? 0 : power;
        a += 4;
      }
      const moment = flushed(load<f32>(m) * momentum + d / (sqrt<f32>(power) + epsilon));
      store<f32>(m, moment);
      store<f32>(w, load<f32>(w) - moment * rate);
    }
    return;
  }
  const clips = f32x4.splat(clip), zero = f32x4.splat(0), tiny = f32x4.splat(SMALLEST);
  const alphas = f32x4.splat(alpha), rests = f32x4.splat(rest), eps = f32x4.splat(epsilon);
  const momenta = f32x4.splat(momentum), rates = f32x4.splat(rate);
  do {
    const d = f32x4.mul(v128.load(g), clips);
    let power = flushedVector(f32x4.add(f32x4.mul(v128.load(v), alphas), f32x4.mul(f32x4.mul(d, d), rests)), tiny);
    v128.store(v, power);
    if (a) {
      const mean = flushedVector(f32x4.add(f32x4.mul(v128.load(a), alphas), f32x4.mul(d, rests)), tiny);
      v128.store(a, mean);
      power = f32x4.pmax(f32x4.sub(power, f32x4.mul(mean, mean)), zero);
      a += 16;
    }
    const ratio = f32x4.div(d, f32x4.add(f32x4.sqrt(power), eps));
    const moment = flushedVector(f32x4.add(f32x4.mul(v128.load(m), momenta), ratio), tiny);
    v128.store(m, moment);
    v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(moment, rates)));
    w += 16; g += 16; m += 16; v += 16;
  } while (w < end);
}
