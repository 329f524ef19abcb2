// Dot attention (Luong et al. 2015) of one query q over the vectors m of a memory:
//
//   s_t = scale q·m_t        w = softmax(s)        out = Σ w_t m_t
//
// Backward, with dout; D = dout·out is what softmax takes off every slope:
//   ds_t = w_t (dout·m_t - D) scale        dq += Σ ds_t m_t        dm_t += w_t dout + ds_t q
//
// All vectors lie in panels, their lanes behind n zero. A dot product has four partial sums by index mod 4, added as
// (s0 + s1) + (s2 + s3), in the scalar build too; sums over time go from the first timestep to the last.

import { softmax } from '../softmax/f32';

/**
 * out = attention of q over `length` vectors of `panels` panels, the first at m, each `next` bytes behind the other.
 * `weights`: f32[length], left with w. A memory of no vectors gives zeros.
 */
export function attendRow(
  q: usize, qPanel: usize, m: usize, mPanel: usize, next: usize, length: i32, panels: i32, scale: f32, weights: usize,
  out: usize, outPanel: usize,
): void {
  for (let t = 0; t < length; t++) {
    const score = dot(q, qPanel, m + <usize>t * next, mPanel, panels) * scale;
    store<f32>(weights + (<usize>t << 2), score);
  }
  if (length > 0) softmax(weights, weights, length);
  for (let p: usize = 0; p < <usize>panels; p++) {
    weightedSum(m + p * mPanel, next, length, weights, out + p * outPanel);
  }
}

/**
 * dq and dm, each where it is not 0, of the dout of one row; dm has the panels of m, dq those of q. `scratch`: a whole
 * number of vectors for f32[length], then f32[16 * panels].
 */
export function attendRowBackward(
  q: usize, qPanel: usize, m: usize, mPanel: usize, next: usize, length: i32, panels: i32, scale: f32, scratch: usize,
  dout: usize, doutPanel: usize, dq: usize, dm: usize,
): void {
  const out = scratch + (<usize>((length + 3) & ~3) << 2);
  attendRow(q, qPanel, m, mPanel, next, length, panels, scale, scratch, out, 64);
  const whole = dot(dout, doutPanel, out, 64, panels);
  for (let t = 0; t < length; t++) {
    const w = load<f32>(scratch + (<usize>t << 2)), at = <usize>t * next;
    const ds = w * (dot(dout, doutPanel, m + at, mPanel, panels) - whole) * scale;
    if (dq) addScaled(dq, qPanel, m + at, mPanel, panels, ds);
    if (dm) {
      addScaled(dm + at, mPanel, dout, doutPanel, panels, w);
      addScaled(dm + at, mPanel, q, qPanel, panels, ds);
    }
  }
}

/** Σ x y */
function dot(x: usize, xPanel: usize, y: usize, yPanel: usize, panels: i32): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  if (ASC_FEATURE_SIMD) {
    let sum = f32x4.splat(0);
    for (; panels > 0; panels--, x += xPanel, y += yPanel) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(x), v128.load(y)));
      sum = f32x4.add(sum, f32x4.mul(v128.load(x, 16), v128.load(y, 16)));
      sum = f32x4.add(sum, f32x4.mul(v128.load(x, 32), v128.load(y, 32)));
      sum = f32x4.add(sum, f32x4.mul(v128.load(x, 48), v128.load(y, 48)));
    }
    s0 = f32x4.extract_lane(sum, 0); s1 = f32x4.extract_lane(sum, 1);
    s2 = f32x4.extract_lane(sum, 2); s3 = f32x4.extract_lane(sum, 3);
  } else {
    for (; panels > 0; panels--, x += xPanel, y += yPanel) {
      for (let i: usize = 0; i < 64; i += 16) {
        s0 += load<f32>(x + i) * load<f32>(y + i); s1 += load<f32>(x + i, 4) * load<f32>(y + i, 4);
        s2 += load<f32>(x + i, 8) * load<f32>(y + i, 8); s3 += load<f32>(x + i, 12) * load<f32>(y + i, 12);
      }
    }
  }
  return s0 + s1 + (s2 + s3);
}

/** out[16] = Σ w_t m_t, one panel of the memory. */
function weightedSum(m: usize, next: usize, length: i32, weights: usize, out: usize): void {
  const end = weights + (<usize>length << 2);
  if (ASC_FEATURE_SIMD) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; weights < end; weights += 4, m += next) {
      const w = v128.load_splat<f32>(weights);
      s0 = f32x4.add(s0, f32x4.mul(w, v128.load(m))); s1 = f32x4.add(s1, f32x4.mul(w, v128.load(m, 16)));
      s2 = f32x4.add(s2, f32x4.mul(w, v128.load(m, 32))); s3 = f32x4.add(s3, f32x4.mul(w, v128.load(m, 48)));
    }
    v128.store(out, s0); v128.store(out, s1, 16); v128.store(out, s2, 32); v128.store(out, s3, 48);
  } else {
    for (let i: usize = 0; i < 64; i += 4) {
      let sum: f32 = 0, at = m + i;
      for (let w = weights; w < end; w += 4, at += next) sum += load<f32>(w) * load<f32>(at);
      store<f32>(out + i, sum);
    }
  }
}

/** y += factor x */
function addScaled(y: usize, yPanel: usize, x: usize, xPanel: usize, panels: i32, factor: f32): void {
  for (; panels > 0; panels--, x += xPanel, y += yPanel) {
    if (ASC_FEATURE_SIMD) {
      const f = f32x4.splat(factor);
      for (let i: usize = 0; i < 64; i += 16) {
        v128.store(y + i, f32x4.add(v128.load(y + i), f32x4.mul(f, v128.load(x + i))));
      }
    } else {
      for (let i: usize = 0; i < 64; i += 4) store<f32>(y + i, load<f32>(y + i) + factor * load<f32>(x + i));
    }
  }
}
