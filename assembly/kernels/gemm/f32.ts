// C[M][N] = init + Aᵀ B, float32: the one product of matrices, forward and backward.
//
// All three lie in panels of 16 columns: A [M/16][K][16], B [N/16][K][16], C [N/16][M][16], so that both operands walk
// consecutive cache lines. Every element of C is one chain of additions: init, then k = 0, 1, …; K goes in blocks that
// go on from what C holds, so blocks, rows and builds give the bits of kernels/matvec.

/** What C begins with is what it holds; any other `init` is the address of a bias, f32[N]. */
export const ACCUMULATE: usize = 0;

/** Of k: a block of a panel of A and of B is 8 KiB each, and both stay in the first-level cache. */
const BLOCK: i32 = 128;

/**
 * `aPanel`, `bPanel`, `cPanel`: bytes from a panel to the next; k, m at least 1; n a multiple of 16. Rows of C behind m
 * are left alone.
 */
export function gemmF32(
  a: usize, aPanel: usize, b: usize, bPanel: usize, c: usize, cPanel: usize, k: i32, m: i32, n: i32, init: usize,
): void {
  if (!ASC_FEATURE_SIMD) {
    gemmScalar(a, aPanel, b, bPanel, c, cPanel, k, m, n, init);
    return;
  }
  for (; k > 0; k -= BLOCK) {
    oneBlock(a, aPanel, b, bPanel, c, cPanel, min(k, BLOCK), m, n, init);
    a += BLOCK << 6; b += BLOCK << 6;
    init = ACCUMULATE;
  }
}

/** A function of its own: as a loop within gemmF32 its innermost loop was 10 to 15 % slower (V8 11.3). */
function oneBlock(
  a: usize, aPanel: usize, b: usize, bPanel: usize, c: usize, cPanel: usize, k: i32, m: i32, n: i32, init: usize,
): void {
  const even = <usize>(m & ~1) << 6, bytes = <usize>k << 6;
  for (let panels = n >> 4; panels > 0; panels--) {
    if (even) rowPairs(a, aPanel, b, b + bytes, c, c + even, init);
    if (m & 1) oneRow(oddLane(a, aPanel, m), b, b + bytes, c + even, init);
    b += bPanel; c += cPanel;
    if (init) init += 64;
  }
}

/** The lane of A that holds row m - 1. */
// @ts-ignore: decorator
@inline
function oddLane(a: usize, aPanel: usize, m: i32): usize {
  return a + <usize>((m - 1) >> 4) * aPanel + (<usize>((m - 1) & 15) << 2);
}

// @ts-ignore: decorator
@inline
function madd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** One panel of C, two rows at a time: 8 accumulators; a k of it loads 4 vectors of B and 2 lanes of A. */
function rowPairs(a: usize, aPanel: usize, b: usize, bEnd: usize, c: usize, cEnd: usize, init: usize): void {
  do {
    const panelEnd = min(c + 1024, cEnd);
    let lane = a;
    do {
      const row0 = init ? init : c, row1 = init ? init : c + 64;
      let r00 = v128.load(row0), r01 = v128.load(row0, 16), r02 = v128.load(row0, 32), r03 = v128.load(row0, 48);
      let r10 = v128.load(row1), r11 = v128.load(row1, 16), r12 = v128.load(row1, 32), r13 = v128.load(row1, 48);
      let pa = lane, pb = b;
      // One k an iteration: V8 doubles the loop by itself, and doubling it by hand made it 5 to 40 % slower.
      do {
        const b0 = v128.load(pb), b1 = v128.load(pb, 16), b2 = v128.load(pb, 32), b3 = v128.load(pb, 48);
        let s = v128.load_splat<f32>(pa);
        r00 = madd(r00, b0, s); r01 = madd(r01, b1, s); r02 = madd(r02, b2, s); r03 = madd(r03, b3, s);
        s = v128.load_splat<f32>(pa, 4);
        r10 = madd(r10, b0, s); r11 = madd(r11, b1, s); r12 = madd(r12, b2, s); r13 = madd(r13, b3, s);
        pb += 64; pa += 64;
      } while (pb < bEnd);
      v128.store(c, r00); v128.store(c, r01, 16); v128.store(c, r02, 32); v128.store(c, r03, 48);
      v128.store(c, r10, 64); v128.store(c, r11, 80); v128.store(c, r12, 96); v128.store(c, r13, 112);
      c += 128; lane += 8;
    } while (c < panelEnd);
    a += aPanel;
  } while (c < cEnd);
}

/** The last row of an odd number of them. */
function oneRow(a: usize, b: usize, bEnd: usize, c: usize, init: usize): void {
  const from = init ? init : c;
  let r0 = v128.load(from), r1 = v128.load(from, 16), r2 = v128.load(from, 32), r3 = v128.load(from, 48);
  do {
    const s = v128.load_splat<f32>(a);
    r0 = madd(r0, v128.load(b), s); r1 = madd(r1, v128.load(b, 16), s);
    r2 = madd(r2, v128.load(b, 32), s); r3 = madd(r3, v128.load(b, 48), s);
    a += 64; b += 64;
  } while (b < bEnd);
  v128.store(c, r0); v128.store(c, r1, 16); v128.store(c, r2, 32); v128.store(c, r3, 48);
}

function gemmScalar(
  a: usize, aPanel: usize, b: usize, bPanel: usize, c: usize, cPanel: usize, k: i32, m: i32, n: i32, init: usize,
): void {
  const bytes = <usize>k << 6;
  for (let panels = n >> 4; panels > 0; panels--) {
    for (let row = 0; row < m; row++) {
      const pc = c + (<usize>row << 6), lane = a + <usize>(row >> 4) * aPanel + (<usize>(row & 15) << 2);
      const from = init ? init : pc;
      for (let column: usize = 0; column < 64; column += 16) {
        fourColumns(lane, b + column, bytes, pc + column, from + column);
      }
    }
    b += bPanel; c += cPanel;
    if (init) init += 64;
  }
}

function fourColumns(a: usize, b: usize, bytes: usize, c: usize, init: usize): void {
  let r0 = load<f32>(init), r1 = load<f32>(init, 4), r2 = load<f32>(init, 8), r3 = load<f32>(init, 12);
  const end = b + bytes;
  do {
    const s = load<f32>(a);
    r0 += load<f32>(b) * s; r1 += load<f32>(b, 4) * s; r2 += load<f32>(b, 8) * s; r3 += load<f32>(b, 12) * s;
    a += 64; b += 64;
  } while (b < end);
  store<f32>(c, r0); store<f32>(c, r1, 4); store<f32>(c, r2, 8); store<f32>(c, r3, 12);
}
