/** Whether x - x is 0 for all values of `panels` panels of `bytes` bytes, `stride` bytes apart. */
export function allFinite(x: usize, stride: usize, panels: i32, bytes: usize): bool {
  for (; panels > 0; panels--) {
    const end = x + bytes;
    let p = x;
    if (ASC_FEATURE_SIMD) {
      let sum = f32x4.splat(0);
      do {
        const v = v128.load(p);
        sum = f32x4.add(sum, f32x4.sub(v, v));
        p += 16;
      } while (p < end);
      if (v128.any_true(f32x4.ne(sum, f32x4.splat(0)))) return false;
    } else {
      let sum: f32 = 0;
      do {
        const v = load<f32>(p);
        sum += v - v;
        p += 4;
      } while (p < end);
      if (sum != 0) return false;
    }
    x += stride;
  }
  return true;
}
