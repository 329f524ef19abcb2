/** y[i] = max(0, min(1, alpha x[i] + beta)); `bytes` a multiple of 16; x and y may be the same. NaN gives NaN. */
export function hardSigmoidAll(x: usize, y: usize, bytes: usize, alpha: f32, beta: f32): void {
  const end = x + bytes;
  if (ASC_FEATURE_SIMD) {
    const slope = f32x4.splat(alpha), shift = f32x4.splat(beta), zero = f32x4.splat(0), one = f32x4.splat(1);
    do {
      const v = f32x4.add(f32x4.mul(v128.load(x), slope), shift);
      v128.store(y, f32x4.pmin(f32x4.pmax(v, zero), one));
      x += 16; y += 16;
    } while (x < end);
  } else {
    do {
      const v = load<f32>(x) * alpha + beta, raised: f32 = v < 0 ? 0 : v;
      store<f32>(y, 1 < raised ? 1 : raised);
      x += 4; y += 4;
    } while (x < end);
  }
}
