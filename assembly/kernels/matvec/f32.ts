// out[N] = init[N] + W x, float32.
//
// W lies in panels [N/16][K][16]: panel p holds columns of 16 outputs, one row for each input k. Every output is one
// chain of additions: init, then k = 0, 1, …, so blocks, rows and builds give the same bits.

/**
 * x: f32[K] contiguous; w: panels; init: f32 panels, `initStride` bytes apart (a bias, or `out` itself to accumulate);
 * out: f32 panels, `outStride` bytes apart; n: a multiple of 16.
 */
export function matvecF32(
  x: usize, k: i32, w: usize, init: usize, initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  if (ASC_FEATURE_SIMD) matvecSimd(x, k, w, init, initStride, out, outStride, n);
  else matvecScalar(x, k, w, init, initStride, out, outStride, n);
}

function matvecScalar(
  x: usize, k: i32, w: usize, init: usize, initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  const end = x + (<usize>k << 2);
  for (let panel = n >> 4; panel > 0; panel--) {
    for (let column: usize = 0; column < 64; column += 16) {
      let a0 = load<f32>(init + column), a1 = load<f32>(init + column, 4);
      let a2 = load<f32>(init + column, 8), a3 = load<f32>(init + column, 12);
      let p = x, v = w + column;
      do {
        const s = load<f32>(p);
        a0 += load<f32>(v) * s;
        a1 += load<f32>(v, 4) * s;
        a2 += load<f32>(v, 8) * s;
        a3 += load<f32>(v, 12) * s;
        p += 4; v += 64;
      } while (p < end);
      store<f32>(out + column, a0);
      store<f32>(out + column, a1, 4);
      store<f32>(out + column, a2, 8);
      store<f32>(out + column, a3, 12);
    }
    w += <usize>k << 6; init += initStride; out += outStride;
  }
}

// @ts-ignore: decorator
@inline
function madd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

function matvecSimd(
  x: usize, k: i32, w: usize, init: usize, initStride: usize, out: usize, outStride: usize, n: i32,
): void {
  const end = x + (<usize>k << 2), panelBytes = <usize>k << 6;
  for (let pairs = n >> 5; pairs > 0; pairs--) {
    const init1 = init + initStride, out1 = out + outStride;
    let a0 = v128.load(init), a1 = v128.load(init, 16), a2 = v128.load(init, 32), a3 = v128.load(init, 48);
    let b0 = v128.load(init1), b1 = v128.load(init1, 16), b2 = v128.load(init1, 32), b3 = v128.load(init1, 48);
    let p = x, w1 = w + panelBytes;
    do {
      const s = v128.load_splat<f32>(p);
      a0 = madd(a0, v128.load(w), s);
      a1 = madd(a1, v128.load(w, 16), s);
      a2 = madd(a2, v128.load(w, 32), s);
      a3 = madd(a3, v128.load(w, 48), s);
      // Never taken. It splits the block, without which V8 < 12 hoists all loads and spills two accumulators
      // (14.5 instead of 19.5 GMAC/s).
      if (!w) break;
      b0 = madd(b0, v128.load(w1), s);
      b1 = madd(b1, v128.load(w1, 16), s);
      b2 = madd(b2, v128.load(w1, 32), s);
      b3 = madd(b3, v128.load(w1, 48), s);
      p += 4; w += 64; w1 += 64;
    } while (p < end);
    v128.store(out, a0); v128.store(out, a1, 16); v128.store(out, a2, 32); v128.store(out, a3, 48);
    v128.store(out1, b0); v128.store(out1, b1, 16); v128.store(out1, b2, 32); v128.store(out1, b3, 48);
    w += panelBytes; init = init1 + initStride; out = out1 + outStride;
  }
  if (n & 16) {
    let a0 = v128.load(init), a1 = v128.load(init, 16), a2 = v128.load(init, 32), a3 = v128.load(init, 48);
    let p = x;
    do {
      const s = v128.load_splat<f32>(p);
      a0 = madd(a0, v128.load(w), s);
      a1 = madd(a1, v128.load(w, 16), s);
      a2 = madd(a2, v128.load(w, 32), s);
      a3 = madd(a3, v128.load(w, 48), s);
      p += 4; w += 64;
    } while (p < end);
    v128.store(out, a0); v128.store(out, a1, 16); v128.store(out, a2, 32); v128.store(out, a3, 48);
  }
}
