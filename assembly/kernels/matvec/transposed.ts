// dx[K] += Wᵀ d, float32, on the layout of kernels/matvec/f32.ts: a product of one row needs no transposed copy.
//
// Walking k, a vector of four lanes collects what the panels give, two panels at a time, 8 vectors of d in registers;
// the lanes are added once, at the end, as (s0 + s1) + (s2 + s3).

/**
 * d: f32[n] contiguous; w: panels [n/16][k][16]; dx: f32 panels of k columns, `dxPanel` bytes apart, lanes behind k
 * keep their value; sums: room for 4 columnsOf(k) values; n a multiple of 16.
 */
export function matvecTransposedF32(
  d: usize, n: i32, w: usize, k: i32, dx: usize, dxPanel: usize, sums: usize,
): void {
  const columns = (k + 15) & ~15, panelBytes = <usize>k << 6, end = sums + (<usize>k << 4);
  memory.fill(sums, 0, <usize>columns << 4);
  let panels = n >> 4;
  for (; panels >= 2; panels -= 2) {
    if (ASC_FEATURE_SIMD) twoPanels(d, w, w + panelBytes, sums, end);
    else twoPanelsScalar(d, w, w + panelBytes, sums, end);
    d += 128; w += panelBytes << 1;
  }
  if (panels) {
    if (ASC_FEATURE_SIMD) onePanel(d, w, sums, end);
    else onePanelScalar(d, w, sums, end);
  }
  for (let column = 0; column < columns; column += 16) {
    addLanes(sums, dx);
    sums += 256; dx += dxPanel;
  }
}

// @ts-ignore: decorator
@inline
function madd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

function twoPanels(d: usize, w: usize, w1: usize, p: usize, end: usize): void {
  const d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
  const d4 = v128.load(d, 64), d5 = v128.load(d, 80), d6 = v128.load(d, 96), d7 = v128.load(d, 112);
  let t = f32x4.splat(0);
  do {
    t = madd(madd(v128.load(p), d0, v128.load(w)), d1, v128.load(w, 16));
    t = f32x4.add(t, madd(f32x4.mul(d2, v128.load(w, 32)), d3, v128.load(w, 48)));
    // Never taken; see matvecF32.
    if (!w) break;
    const u = madd(f32x4.mul(d4, v128.load(w1)), d5, v128.load(w1, 16));
    t = f32x4.add(t, f32x4.add(u, madd(f32x4.mul(d6, v128.load(w1, 32)), d7, v128.load(w1, 48))));
    v128.store(p, t);
    p += 16; w += 64; w1 += 64;
  } while (p < end);
  v128.store(p - 16, t); // what is there already; it keeps t alive where the loop is left
}

function onePanel(d: usize, w: usize, p: usize, end: usize): void {
  const d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
  do {
    const t = madd(madd(v128.load(p), d0, v128.load(w)), d1, v128.load(w, 16));
    v128.store(p, f32x4.add(t, madd(f32x4.mul(d2, v128.load(w, 32)), d3, v128.load(w, 48))));
    p += 16; w += 64;
  } while (p < end);
}

function twoPanelsScalar(d: usize, w: usize, w1: usize, p: usize, end: usize): void {
  for (; p < end; w += 64, w1 += 64) {
    for (let lane: usize = 0; lane < 16; lane += 4) {
      const e = d + lane, v = w + lane, v1 = w1 + lane;
      const t = fourOf(load<f32>(p), e, v);
      const u = load<f32>(e, 64) * load<f32>(v1) + load<f32>(e, 80) * load<f32>(v1, 16);
      store<f32>(p, t + (u + (load<f32>(e, 96) * load<f32>(v1, 32) + load<f32>(e, 112) * load<f32>(v1, 48))));
      p += 4;
    }
  }
}

function onePanelScalar(d: usize, w: usize, p: usize, end: usize): void {
  for (; p < end; w += 64) {
    for (let lane: usize = 0; lane < 16; lane += 4) {
      store<f32>(p, fourOf(load<f32>(p), d + lane, w + lane));
      p += 4;
    }
  }
}

/** A panel's share of one lane. */
function fourOf(sum: f32, d: usize, w: usize): f32 {
  sum = sum + load<f32>(d) * load<f32>(w) + load<f32>(d, 16) * load<f32>(w, 16);
  return sum + (load<f32>(d, 32) * load<f32>(w, 32) + load<f32>(d, 48) * load<f32>(w, 48));
}

/** dx[16] += the sums of the lanes of 16 vectors. */
function addLanes(sums: usize, dx: usize): void {
  const end = dx + 64;
  if (ASC_FEATURE_SIMD) {
    do {
      const a = v128.load(sums), b = v128.load(sums, 16), c = v128.load(sums, 32), e = v128.load(sums, 48);
      const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
      const ce = f32x4.add(v128.shuffle<i32>(c, e, 0, 2, 4, 6), v128.shuffle<i32>(c, e, 1, 3, 5, 7));
      const sum = f32x4.add(v128.shuffle<i32>(ab, ce, 0, 2, 4, 6), v128.shuffle<i32>(ab, ce, 1, 3, 5, 7));
      v128.store(dx, f32x4.add(v128.load(dx), sum));
      sums += 64; dx += 16;
    } while (dx < end);
  } else {
    do {
      const sum = load<f32>(sums) + load<f32>(sums, 4) + (load<f32>(sums, 8) + load<f32>(sums, 12));
      store<f32>(dx, load<f32>(dx) + sum);
      sums += 16; dx += 4;
    } while (dx < end);
  }
}
