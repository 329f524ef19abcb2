// One update of the trainable parameters with the gradients of the last window.

import { adam } from './optimizer/adam';
import { SEGMENT, Segment, clipping } from './optimizer/segment';
import { sgd } from './optimizer/sgd';
import { Trainer } from './trainer';

/** See optimizer/adam.ts. */
export function updateAdam(
  at: usize, beta1: f32, beta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32, clipNorm: f32,
): void {
  const t = changetype<Trainer>(at), clip = clipping(t.norm, clipNorm);
  for (let i = 0; i < t.segmentCount; i++) {
    const segment = segmentOf(t, i), o = <usize>segment.offset;
    adam(
      t.parameters + o, t.parameterGradients + o, t.first + o, t.second + o, segment.bytes,
      clip, beta1, beta2, rate, root, epsilon, decay,
    );
  }
}

/** See optimizer/sgd.ts. */
export function updateSgd(at: usize, momentum: f32, rate: f32, decay: f32, clipNorm: f32): void {
  const t = changetype<Trainer>(at), clip = clipping(t.norm, clipNorm);
  for (let i = 0; i < t.segmentCount; i++) {
    const segment = segmentOf(t, i), o = <usize>segment.offset;
    sgd(t.parameters + o, t.parameterGradients + o, t.first + o, segment.bytes, clip, momentum, rate, decay);
  }
}

/** Makes the constants [offset, offset + bytes) trainable, offset from the first constant on; at most 2 an op. */
export function addSegment(at: usize, offset: u32, bytes: u32): void {
  const t = changetype<Trainer>(at), segment = segmentOf(t, t.segmentCount++);
  segment.offset = offset;
  segment.bytes = bytes;
}

function segmentOf(t: Trainer, i: i32): Segment {
  return changetype<Segment>(t.segments + <usize>i * SEGMENT);
}
