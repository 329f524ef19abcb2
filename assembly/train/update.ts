// One update of the trainable parameters with the gradients of the last window. Where the parameters are rounded from
// weights of their own (master weights), those are what changes.

import { adam } from './optimizer/adam';
import { BLOCK, takeGradients } from './optimizer/gradient';
import { rmsprop } from './optimizer/rmsprop';
import { SEGMENT, Segment, clipping } from './optimizer/segment';
import { sgd } from './optimizer/sgd';
import { Trainer } from './trainer';

/** See optimizer/adam.ts. */
export function updateAdam(
  at: usize, clipNorm: f32, clipValue: f32, l2: f32, beta1: f32, beta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32,
): void {
  const t = changetype<Trainer>(at);
  for (let begun = begin(t, clipNorm, clipValue, l2); begun; begun = next(t)) {
    adam(t.master + o, g, t.first + o, t.second + o, bytes, clip, beta1, beta2, rate, root, epsilon, decay);
  }
}

/** See optimizer/sgd.ts. */
export function updateSgd(
  at: usize, clipNorm: f32, clipValue: f32, momentum: f32, nesterov: bool, rate: f32, decay: f32,
): void {
  const t = changetype<Trainer>(at);
  for (let begun = begin(t, clipNorm, clipValue, 0); begun; begun = next(t)) {
    sgd(t.master + o, g, t.first + o, bytes, clip, momentum, nesterov, rate, decay);
  }
}

/** See optimizer/rmsprop.ts; `means`: of the gradients, as many bytes as there are parameters, or 0 where not centered. */
export function updateRmsprop(
  at: usize, clipNorm: f32, clipValue: f32, l2: f32, alpha: f32, epsilon: f32, momentum: f32, means: usize, rate: f32,
): void {
  const t = changetype<Trainer>(at);
  for (let begun = begin(t, clipNorm, clipValue, l2); begun; begun = next(t)) {
    rmsprop(
      t.master + o, g, t.first + o, t.second + o, means ? means + o : 0, bytes,
      clip, alpha, epsilon, momentum, rate,
    );
  }
}

/** The run of parameters at hand: its offset from the first one on, its bytes, its gradients and what they are scaled by. */
let o: usize = 0, bytes: usize = 0, g: usize = 0, clip: f32 = 1;
/** The segment that it is of. */
let index = 0;
let norm: f32 = 1, bound: f32 = 0, decayed: f32 = 0;

/** The first run; false where nothing is trainable. */
function begin(t: Trainer, clipNorm: f32, clipValue: f32, l2: f32): bool {
  norm = clipping(t.norm, clipNorm);
  bound = clipValue;
  decayed = l2;
  index = -1;
  bytes = 0;
  return next(t);
}

/** The next run: a whole segment, or a block of one where its gradients are taken first. */
function next(t: Trainer): bool {
  o += bytes;
  if (index < 0 || o == endOf(segmentOf(t, index))) {
    if (++index == t.segmentCount) return false;
    o = segmentOf(t, index).offset;
  }
  bytes = endOf(segmentOf(t, index)) - o;
  g = t.parameterGradients + o;
  clip = norm;
  if (bound == Infinity && decayed == 0) return true;
  bytes = min(bytes, <usize>BLOCK);
  g = takeGradients(g, t.master + o, bytes, norm, bound, decayed);
  clip = 1;
  return true;
}

function endOf(segment: Segment): usize {
  return <usize>segment.offset + segment.bytes;
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
