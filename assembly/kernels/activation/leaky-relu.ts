/** y[i] = x[i], or alpha x[i] below 0; `bytes` a multiple of 4; x and y may be the same. NaN gives NaN. */
export function leakyReluAll(x: usize, y: usize, bytes: usize, alpha: f32): void {
  for (const end = x + bytes; x < end; x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, v < 0 ? alpha * v : v);
  }
}
