// Stochastic gradient descent with momentum, as PyTorch has it without dampening, or with that of Nesterov (Sutskever et
// al. 2013), and decoupled weight decay (SGDW of Loshchilov & Hutter 2019):
//
//   d = g clipping        m ← momentum m + d        s = m, or d + momentum m        w ← decay w - rate s

import { SMALLEST, flushed, flushedVector } from './flush';

/** w, m: f32, updated in place; g: f32; `bytes` of each, a multiple of 16. */
export function sgd(
  w: usize, g: usize, m: usize, bytes: usize,
  clip: f32, momentum: f32, nesterov: bool, rate: f32, decay: f32,
): void {
  const end = w + bytes;
  if (!ASC_FEATURE_SIMD) {
    for (; w < end; w += 4, g += 4, m += 4) {
      const d = load<f32>(g) * clip;
      const moment = flushed(load<f32>(m) * momentum + d);
      store<f32>(m, moment);
      const step = nesterov ? moment * momentum + d : moment;
      store<f32>(w, load<f32>(w) * decay - step * rate);
    }
    return;
  }
  const clips = f32x4.splat(clip), tiny = f32x4.splat(SMALLEST);
  const momenta = f32x4.splat(momentum), rates = f32x4.splat(rate), decays = f32x4.splat(decay);
  do {
    const d = f32x4.mul(v128.load(g), clips);
    const moment = flushedVector(f32x4.add(f32x4.mul(v128.load(m), momenta), d), tiny);
    v128.store(m, moment);
    const step = nesterov ? f32x4.add(f32x4.mul(moment, momenta), d) : moment;
    v128.store(w, f32x4.sub(f32x4.mul(v128.load(w), decays), f32x4.mul(step, rates)));
    w += 16; g += 16; m += 16;
  } while (w < end);
}
