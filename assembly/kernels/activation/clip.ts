/** y[i] = min(max(x[i], low), high); `bytes` a multiple of 16; x and y may be the same. NaN gives NaN. */
export function clipAll(x: usize, y: usize, bytes: usize, low: f32, high: f32): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const lows = f32x4.splat(low), highs = f32x4.splat(high);
    do {
      v128.store(y, f32x4.pmin(f32x4.pmax(v128.load(x), lows), highs));
      x += 16; y += 16;
    } while (x < end);
  } else {
    do {
      const v = load<f32>(x), raised = v < low ? low : v;
      store<f32>(y, high < raised ? high : raised);
      x += 4; y += 4;
    } while (x < end);
  }
}
