// Weights as int8 with one scale a row would hold them, as float32 numbers (see src/quantize/quantize.ts):
//
//   s = max |w| / 127        ŵ = s round(clamp(w / s, -127, 127)), halves to even; 0 where s is 0

/** Panels [n/16][k][16], n a multiple of 16, whose lanes are the rows; `to` may be `from`. */
export function roundRowsInt8(from: usize, n: i32, k: i32, to: usize): void {
  const panel = <usize>k << 6, all = <usize>(n >> 4) * panel;
  for (let start: usize = 0; start < all; start += panel) {
    if (ASC_FEATURE_SIMD) {
      for (let lane: usize = start; lane < start + 64; lane += 16) roundFour(from + lane, k, to + lane);
    } else {
      for (let lane: usize = start; lane < start + 64; lane += 4) roundOne(from + lane, k, to + lane);
    }
  }
}

function roundOne(from: usize, k: i32, to: usize): void {
  let largest: f32 = 0;
  for (let i: usize = 0; i < <usize>k << 6; i += 64) {
    const size = abs<f32>(load<f32>(from + i));
    largest = largest < size ? size : largest;
  }
  const scale = largest / 127;
  for (let i: usize = 0; i < <usize>k << 6; i += 64) {
    const q: f32 = scale == 0 ? 0 : load<f32>(from + i) / scale;
    const low: f32 = q < -127 ? -127 : q, bounded: f32 = low > 127 ? 127 : low;
    store<f32>(to + i, nearest<f32>(bounded) * scale);
  }
}

function roundFour(from: usize, k: i32, to: usize): void {
  let largest = f32x4.splat(0);
  for (let i: usize = 0; i < <usize>k << 6; i += 64) largest = f32x4.pmax(largest, f32x4.abs(v128.load(from + i)));
  const most = f32x4.splat(127), least = f32x4.splat(-127), zero = f32x4.splat(0);
  const scale = f32x4.div(largest, most), isZero = f32x4.eq(scale, zero);
  for (let i: usize = 0; i < <usize>k << 6; i += 64) {
    const q = v128.andnot(f32x4.div(v128.load(from + i), scale), isZero);
    v128.store(to + i, f32x4.mul(f32x4.nearest(f32x4.pmin(f32x4.pmax(q, least), most)), scale));
  }
}
