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
    for (let lane: usize = 0; lane < 64; lane += 16) squares(start + lane, end, SUMS + lane);
    segments += SEGMENT;
  }
  let sum: f64 = 0;
  for (let i: usize = 0; i < 64; i += 4) sum += <f64>load<f32>(SUMS + i);
  return <f32>sqrt(sum);
}

/** sums[4] += the squares of every fourth vector of four. */
function squares(g: usize, end: usize, sums: usize): void {
  if (ASC_FEATURE_SIMD) {
    let sum = v128.load(sums);
    for (; g < end; g += 64) {
      const v = v128.load(g);
      sum = f32x4.add(sum, f32x4.mul(v, v));
    }
    v128.store(sums, sum);
  } else {
    for (; g < end; g += 64) {
      for (let i: usize = 0; i < 16; i += 4) {
        const v = load<f32>(g + i);
        store<f32>(sums + i, load<f32>(sums + i) + v * v);
      }
    }
  }
}
