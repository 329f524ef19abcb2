/** y[i] = √x[i]; `bytes` a multiple of 16; x and y may be the same. Below 0 it is NaN. */
export function sqrtAll(x: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    do {
      v128.store(y, f32x4.sqrt(v128.load(x)));
      x += 16; y += 16;
    } while (x < end);
  } else {
    do {
      store<f32>(y, sqrt<f32>(load<f32>(x)));
      x += 4; y += 4;
    } while (x < end);
  }
}
