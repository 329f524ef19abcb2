// The global norm of the gradients of all trainable parameters: 16 partial sums by index mod 16, which go on from
// segment to segment and are added in float64, in their order.

import { SEGMENT, Segment } from './segment';

const SUMS: usize = memory.data(64);

/** √ Σ g² over the segments. */
export function gradientNorm(segments: usize, count: i32, gradients: usize): f32 {
  memory.fill(SUMS, 0, 64);
  for (; count > 0; count--) {
    const segment = changetype<Segment>(segments);
    const start = gradients + segment.offset, end = start + segment.bytes;
    squares(start, end);
    segments += SEGMENT;
  }
  let sum: f64 = 0;
  for (let i: usize = 0; i < 64; i += 4) sum += <f64>load<f32>(SUMS + i);
  return <f32>sqrt(sum);
}

/** SUMS[16] += the squares of every sixteenth value: four chains at a time, so that none waits for its last addition. */
function squares(g: usize, end: usize): void {
  if (ASC_FEATURE_SIMD) {
    let s0 = v128.load(SUMS), s1 = v128.load(SUMS, 16), s2 = v128.load(SUMS, 32), s3 = v128.load(SUMS, 48);
    for (; g < end; g += 64) {
      const v0 = v128.load(g), v1 = v128.load(g, 16), v2 = v128.load(g, 32), v3 = v128.load(g, 48);
      s0 = f32x4.add(s0, f32x4.mul(v0, v0)); s1 = f32x4.add(s1, f32x4.mul(v1, v1));
      s2 = f32x4.add(s2, f32x4.mul(v2, v2)); s3 = f32x4.add(s3, f32x4.mul(v3, v3));
    }
    v128.store(SUMS, s0); v128.store(SUMS, s1, 16); v128.store(SUMS, s2, 32); v128.store(SUMS, s3, 48);
  } else {
    for (; g < end; g += 64) {
      for (let i: usize = 0; i < 64; i += 4) {
        const v = load<f32>(g + i);
        store<f32>(SUMS + i, load<f32>(SUMS + i) + v * v);
      }
    }
  }
}
