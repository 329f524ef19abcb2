// out[N] = init[N] + scale[N] * s * (W q), int8 weights and int16 activations, exact in int32 ("p8").
//
// Two rows share one i16 lane: 256 * high + (low + 128). With t the lane and q the activation,
//   F = Σ t q          H = Σ (t >> 8) q = S_high          S_low = F - 256 H - 128 Σ q   (all modulo 2³²)
// so both sums are exact when |S| < 2³¹, which the bound on qmax guarantees.
//
// Layout: blocks of 32 rows, [K/2][4 vectors][8 lanes]; vector v holds rows 8v … 8v+3 as high and 8v+4 … 8v+7 as low
// bytes, lane = (row & 3) * 2 + (k & 1). A last block of 16 rows has 2 vectors. An odd K is padded by zero weights.

/**
 * q: i16[2 * pairs]; w: packed; scales: f32[N]; s: scale of the activations; sum: Σ q;
 * init, out: f32 panels as in matvecF32; n: a multiple of 16.
 */
export function matvecInt8(
  q: usize, pairs: i32, w: usize, scales: usize, s: f32, sum: i32,
  init: usize, initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  if (ASC_FEATURE_SIMD) matvecSimd(q, pairs, w, scales, s, sum, init, initStride, out, outStride, n);
  else matvecScalar(q, pairs, w, scales, s, sum, init, initStride, out, outStride, n);
}

/** The same sums, four lanes of a vector (eight rows) at a time. */
function matvecScalar(
  q: usize, pairs: i32, w: usize, scales: usize, s: f32, sum: i32,
  init: usize, initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  const end = q + (<usize>pairs << 2), start = -128 * sum;
  for (let row = 0; row < n; row += 8) {
    const pairBytes: usize = n - (row & ~31) >= 32 ? 64 : 32, at: usize = <usize>(row & 8) << 2;
    let h0 = 0, h1 = 0, h2 = 0, h3 = 0, f0 = start, f1 = start, f2 = start, f3 = start;
    let p = q, lanes = w + (<usize>((row & 31) >> 3) << 4);
    do {
      const x0 = <i32>load<i16>(p), x1 = <i32>load<i16>(p, 2);
      let t = load<i32>(lanes), even = (t << 16) >> 16, odd = t >> 16;
      f0 += even * x0 + odd * x1; h0 += (even >> 8) * x0 + (odd >> 8) * x1;
      t = load<i32>(lanes, 4); even = (t << 16) >> 16; odd = t >> 16;
      f1 += even * x0 + odd * x1; h1 += (even >> 8) * x0 + (odd >> 8) * x1;
      t = load<i32>(lanes, 8); even = (t << 16) >> 16; odd = t >> 16;
      f2 += even * x0 + odd * x1; h2 += (even >> 8) * x0 + (odd >> 8) * x1;
      t = load<i32>(lanes, 12); even = (t << 16) >> 16; odd = t >> 16;
      f3 += even * x0 + odd * x1; h3 += (even >> 8) * x0 + (odd >> 8) * x1;
      p += 4; lanes += pairBytes;
    } while (p < end);
    dequantizeOne(h0, scales, s, init + at, out + at);
    dequantizeOne(h1, scales + 4, s, init + at + 4, out + at + 4);
    dequantizeOne(h2, scales + 8, s, init + at + 8, out + at + 8);
    dequantizeOne(h3, scales + 12, s, init + at + 12, out + at + 12);
    dequantizeOne(f0 - (h0 << 8), scales + 16, s, init + at + 16, out + at + 16);
    dequantizeOne(f1 - (h1 << 8), scales + 20, s, init + at + 20, out + at + 20);
    dequantizeOne(f2 - (h2 << 8), scales + 24, s, init + at + 24, out + at + 24);
    dequantizeOne(f3 - (h3 << 8), scales + 28, s, init + at + 28, out + at + 28);
    scales += 32;
    if (row & 8) { init += initStride; out += outStride; }
    if ((row & 31) == 24) w += <usize>pairs << 6;
  }
}

// @ts-ignore: decorator
@inline
function dequantizeOne(sum: i32, scale: usize, s: f32, init: usize, out: usize): void {
  store<f32>(out, <f32>sum * (load<f32>(scale) * s) + load<f32>(init));
}

// @ts-ignore: decorator
@inline
function dot(sum: v128, w: v128, q: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, q));
}

// @ts-ignore: decorator
@inline
function low(f: v128, h: v128): v128 {
  return i32x4.sub(f, i32x4.shl(h, 8));
}

// @ts-ignore: decorator
@inline
function dequantize(sum: v128, scales: usize, s: v128, init: usize): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(v128.load(scales), s)), v128.load(init));
}

function matvecSimd(
  q: usize, pairs: i32, w: usize, scales: usize, s: f32, sum: i32,
  init: usize, initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  const end = q + (<usize>pairs << 2), start = i32x4.splat(-128 * sum), zero = i32x4.splat(0), scale = f32x4.splat(s);
  for (let blocks = n >> 5; blocks > 0; blocks--) {
    let h0 = zero, h1 = zero, h2 = zero, h3 = zero, f0 = start, f1 = start, f2 = start, f3 = start;
    let p = q;
    do {
      let x = v128.load_splat<i32>(p);
      let t = v128.load(w);
      f0 = dot(f0, t, x); h0 = dot(h0, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 16);
      f1 = dot(f1, t, x); h1 = dot(h1, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 32);
      f2 = dot(f2, t, x); h2 = dot(h2, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 48);
      f3 = dot(f3, t, x); h3 = dot(h3, i16x8.shr_s(t, 8), x);
      w += 64;
      // Two pairs an iteration, with a branch between them: up to 6 % faster than one. See sixteenColumns.
      if (p + 4 == end) break;
      x = v128.load_splat<i32>(p, 4);
      t = v128.load(w);
      f0 = dot(f0, t, x); h0 = dot(h0, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 16);
      f1 = dot(f1, t, x); h1 = dot(h1, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 32);
      f2 = dot(f2, t, x); h2 = dot(h2, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 48);
      f3 = dot(f3, t, x); h3 = dot(h3, i16x8.shr_s(t, 8), x);
      p += 8; w += 64;
    } while (p < end);
    v128.store(out, dequantize(h0, scales, scale, init));
    v128.store(out, dequantize(low(f0, h0), scales + 16, scale, init + 16), 16);
    v128.store(out, dequantize(h1, scales + 32, scale, init + 32), 32);
    v128.store(out, dequantize(low(f1, h1), scales + 48, scale, init + 48), 48);
    init += initStride; out += outStride;
    v128.store(out, dequantize(h2, scales + 64, scale, init));
    v128.store(out, dequantize(low(f2, h2), scales + 80, scale, init + 16), 16);
    v128.store(out, dequantize(h3, scales + 96, scale, init + 32), 32);
    v128.store(out, dequantize(low(f3, h3), scales + 112, scale, init + 48), 48);
    init += initStride; out += outStride; scales += 128;
  }
  if (n & 16) {
    let h0 = zero, h1 = zero, f0 = start, f1 = start;
    let p = q;
    do {
      const x = v128.load_splat<i32>(p);
      let t = v128.load(w);
      f0 = dot(f0, t, x); h0 = dot(h0, i16x8.shr_s(t, 8), x);
      t = v128.load(w, 16);
      f1 = dot(f1, t, x); h1 = dot(h1, i16x8.shr_s(t, 8), x);
      p += 4; w += 32;
    } while (p < end);
    v128.store(out, dequantize(h0, scales, scale, init));
    v128.store(out, dequantize(low(f0, h0), scales + 16, scale, init + 16), 16);
    v128.store(out, dequantize(h1, scales + 32, scale, init + 32), 32);
    v128.store(out, dequantize(low(f1, h1), scales + 48, scale, init + 48), 48);
  }
}

/**
 * `rows` rows of x and of out, an even number of them, 64 bytes apart, and the bits of matvecInt8 for each: two rows share
 * each load of weights, and all rows go by before the next 16 columns. SIMD only.
 *
 * q: i16[pairs][2 rows][2] of each two rows, `twoRows` bytes apart; factors: of each row the scale of its activations, f32, and their sum, i32;
 * `initRow`: bytes from a row's init to the next one's, 0 where all begin with one bias
 */
export function matvecInt8Rows(
  q: usize, twoRows: usize, rows: i32, pairs: i32, factors: usize, w: usize, scales: usize, init: usize, initRow: usize,
  initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  for (let column = 0; column < n; column += 32) {
    const whole = n - column >= 32, pairBytes: usize = whole ? 64 : 32;
    let x = q, f = factors, from = init, to = out;
    for (let row = 0; row < rows; row += 2) {
      sixteenColumns(x, <usize>pairs << 3, f, w, pairBytes, scales, from, initRow, to);
      if (whole) sixteenColumns(x, <usize>pairs << 3, f, w + 32, 64, scales + 64, from + initStride, initRow, to + outStride);
      x += twoRows; f += 16; from += 2 * initRow; to += 128;
    }
    init += 2 * initStride; out += 2 * outStride; scales += 128;
    w += <usize>pairs << 6;
  }
}

/** Two vectors of weights, two rows: 8 accumulators. */
function sixteenColumns(
  q: usize, bytes: usize, factors: usize, w: usize, pairBytes: usize, scales: usize, init: usize, initRow: usize, out: usize,
): void {
  const end = q + bytes, zero = i32x4.splat(0);
  let a0 = i32x4.splat(-128 * load<i32>(factors, 4)), a1 = a0, ha0 = zero, ha1 = zero;
  let b0 = i32x4.splat(-128 * load<i32>(factors, 12)), b1 = b0, hb0 = zero, hb1 = zero;
  do {
    let x = v128.load_splat<i32>(q), y = v128.load_splat<i32>(q, 4);
    let t = v128.load(w), high = i16x8.shr_s(t, 8);
    a0 = dot(a0, t, x); ha0 = dot(ha0, high, x); b0 = dot(b0, t, y); hb0 = dot(hb0, high, y);
    t = v128.load(w, 16); high = i16x8.shr_s(t, 8);
    a1 = dot(a1, t, x); ha1 = dot(ha1, high, x); b1 = dot(b1, t, y); hb1 = dot(hb1, high, y);
    w += pairBytes;
    // Two pairs an iteration, with a branch between them, are 9 % faster than one; without it V8 hoists the loads and spills.
    if (q + 8 == end) break;
    x = v128.load_splat<i32>(q, 8); y = v128.load_splat<i32>(q, 12);
    t = v128.load(w); high = i16x8.shr_s(t, 8);
    a0 = dot(a0, t, x); ha0 = dot(ha0, high, x); b0 = dot(b0, t, y); hb0 = dot(hb0, high, y);
    t = v128.load(w, 16); high = i16x8.shr_s(t, 8);
    a1 = dot(a1, t, x); ha1 = dot(ha1, high, x); b1 = dot(b1, t, y); hb1 = dot(hb1, high, y);
    q += 16; w += pairBytes;
  } while (q < end);
  finish(ha0, a0, ha1, a1, scales, factors, init, out);
  finish(hb0, b0, hb1, b1, scales, factors + 8, init + initRow, out + 64);
}

// @ts-ignore: decorator
@inline
function finish(h0: v128, f0: v128, h1: v128, f1: v128, scales: usize, factors: usize, init: usize, out: usize): void {
  const scale = v128.load_splat<f32>(factors);
  v128.store(out, dequantize(h0, scales, scale, init));
  v128.store(out, dequantize(low(f0, h0), scales + 16, scale, init + 16), 16);
  v128.store(out, dequantize(h1, scales + 32, scale, init + 32), 32);
  v128.store(out, dequantize(low(f1, h1), scales + 48, scale, init + 48), 48);
}
