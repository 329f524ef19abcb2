/** y[i] = max(x[i], 0); `bytes` a multiple of 16; x and y may be the same. NaN gives NaN. */
export function reluAll(x: usize, y: usize, bytes: usize): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const zero = f32x4.splat(0);
    do {
      v128.store(y, f32x4.pmax(v128.load(x), zero));
      x += 16; y += 16;
    } while (x < end);
  } else {
    do {
      const v = load<f32>(x);
      store<f32>(y, v < 0 ? 0 : v);
      x += 4; y += 4;
    } while (x < end);
  }
}
