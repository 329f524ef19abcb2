/** y[i] = x[i] / (1 + |x[i]|); `bytes` a multiple of 4; x and y may be the same. NaN gives NaN. */
export function softsignAll(x: usize, y: usize, bytes: usize): void {
  for (const end = x + bytes; x < end; x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, v / (1 + abs<f32>(v)));
  }
}
