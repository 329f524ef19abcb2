// Activations to int16 with one dynamic scale: s = max|x| / qmax, q = round(x / s), halves to even.
//
// A vector whose largest magnitude is below 1e-20 counts as zero (scale 0): qmax / max|x| would leave float32's range.

const MAGIC: f32 = 12582912; // 1.5 * 2²³: adding it leaves round(x) in the low mantissa bits
const MAGIC_BITS: i32 = 0x4b400000;
const SMALLEST: f32 = 1e-20;

/** The sum of the activations that quantizeInt16 wrote last. */
export let quantizedSum: i32 = 0;

/**
 * x: f32 panels, `stride` bytes apart, `panels` of them; q: i16[16 * panels].
 * Returns the scale; the sum of q is in `quantizedSum`.
 */
export function quantizeInt16(x: usize, stride: usize, panels: i32, q: usize, qmax: i32): f32 {
  const largest = ASC_FEATURE_SIMD ? largestSimd(x, stride, panels) : largestScalar(x, stride, panels);
  if (!(largest >= SMALLEST)) {
    memory.fill(q, 0, <usize>panels << 5);
    quantizedSum = 0;
    return 0;
  }
  const inverse = <f32>qmax / largest;
  quantizedSum = ASC_FEATURE_SIMD
    ? roundSimd(x, stride, panels, q, inverse)
    : roundScalar(x, stride, panels, q, inverse);
  return largest / <f32>qmax;
}

function largestScalar(x: usize, stride: usize, panels: i32): f32 {
  let largest: f32 = 0;
  for (; panels > 0; panels--) {
    for (let i: usize = 0; i < 64; i += 4) {
      const v = abs<f32>(load<f32>(x + i));
      largest = largest < v ? v : largest;
    }
    x += stride;
  }
  return largest;
}

function roundScalar(x: usize, stride: usize, panels: i32, q: usize, inverse: f32): i32 {
  let sum = 0;
  for (; panels > 0; panels--) {
    for (let i: usize = 0; i < 64; i += 4) {
      const v = min(max(reinterpret<i32>(load<f32>(x + i) * inverse + MAGIC) - MAGIC_BITS, -32768), 32767);
      store<i16>(q, <i16>v);
      sum += v;
      q += 2;
    }
    x += stride;
  }
  return sum;
}

function largestSimd(x: usize, stride: usize, panels: i32): f32 {
  let m = f32x4.splat(0);
  for (; panels > 0; panels--) {
    const a = f32x4.pmax(f32x4.abs(v128.load(x)), f32x4.abs(v128.load(x, 16)));
    const b = f32x4.pmax(f32x4.abs(v128.load(x, 32)), f32x4.abs(v128.load(x, 48)));
    m = f32x4.pmax(m, f32x4.pmax(a, b));
    x += stride;
  }
  m = f32x4.pmax(m, v128.shuffle<i32>(m, m, 2, 3, 2, 3));
  m = f32x4.pmax(m, v128.shuffle<i32>(m, m, 1, 1, 1, 1));
  return f32x4.extract_lane(m, 0);
}

// @ts-ignore: decorator
@inline
function round(x: v128, inverse: v128, magic: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(x, inverse), magic), magic);
}

function roundSimd(x: usize, stride: usize, panels: i32, q: usize, inverse: f32): i32 {
  const scale = f32x4.splat(inverse), magic = f32x4.splat(MAGIC), ones = i16x8.splat(1);
  let sum = i32x4.splat(0);
  for (; panels > 0; panels--) {
    const a = i16x8.narrow_i32x4_s(round(v128.load(x), scale, magic), round(v128.load(x, 16), scale, magic));
    const b = i16x8.narrow_i32x4_s(round(v128.load(x, 32), scale, magic), round(v128.load(x, 48), scale, magic));
    v128.store(q, a); v128.store(q, b, 16);
    sum = i32x4.add(sum, i32x4.add(i32x4.dot_i16x8_s(a, ones), i32x4.dot_i16x8_s(b, ones)));
    x += stride; q += 32;
  }
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 2, 3));
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 1, 1, 1, 1));
  return i32x4.extract_lane(sum, 0);
}

/** Two quantized rows of `bytes` bytes, one behind the other, pair by pair: i16[bytes/4][2 rows][2]. SIMD only. */
export function interleaveRows(rows: usize, bytes: usize, out: usize): void {
  for (const end = rows + bytes; rows < end; rows += 16) {
    const a = v128.load(rows), b = v128.load(rows + bytes);
    v128.store(out, v128.shuffle<i32>(a, b, 0, 4, 1, 5));
    v128.store(out, v128.shuffle<i32>(a, b, 2, 6, 3, 7), 16);
    out += 32;
  }
}
