// The gradient as an optimizer takes it where there is more to it than clipping by the norm:
//
//   d = clamp(g clip, -bound, bound) + l2 w
//
// The bound holds for each value of a clipped gradient; classic weight decay (L2) comes after it. A block at a time, which
// stays in the nearest cache: within the loops of the optimizers the two would cost all others half as much time again.

/** Bytes of a block. */
export const BLOCK: u32 = 4096;
const TAKEN: usize = memory.data(4096);

/** g, w: f32; `bytes` of each, a multiple of 16, at most BLOCK. Returns where d is. */
export function takeGradients(g: usize, w: usize, bytes: usize, clip: f32, bound: f32, l2: f32): usize {
  const end = g + bytes;
  let to = TAKEN;
  if (!ASC_FEATURE_SIMD) {
    for (; g < end; g += 4, w += 4, to += 4) {
      const d = load<f32>(g) * clip, above = bound < d ? bound : d;
      store<f32>(to, (above < -bound ? -bound : above) + load<f32>(w) * l2);
    }
    return TAKEN;
  }
  const clips = f32x4.splat(clip), most = f32x4.splat(bound), least = f32x4.splat(-bound), l2s = f32x4.splat(l2);
  for (; g < end; g += 16, w += 16, to += 16) {
    const d = f32x4.pmax(f32x4.pmin(f32x4.mul(v128.load(g), clips), most), least);
    v128.store(to, f32x4.add(d, f32x4.mul(v128.load(w), l2s)));
  }
  return TAKEN;
}
