import { exp } from '../exp/f32';

/**
 * y[i] = x[i], or alpha (exp x[i] - 1) below 0, an absolute error of 6e-8 alpha near it; `bytes` a multiple of 4; x and y
 * may be the same. NaN gives NaN.
 */
export function eluAll(x: usize, y: usize, bytes: usize, alpha: f32): void {
  for (const end = x + bytes; x < end; x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, v < 0 ? alpha * (exp(v) - 1) : v);
  }
}
