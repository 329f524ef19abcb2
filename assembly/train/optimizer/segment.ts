/** A run of trainable parameters: bytes from the first constant on, and their number, both multiples of 64. */
@unmanaged
export class Segment {
  offset: u32;
  bytes: u32;
}

export const SEGMENT: usize = 8;

/** What clipping by global norm multiplies the gradients by: 1 where the norm is within the bound. */
export function clipping(norm: f32, clipNorm: f32): f32 {
  return norm > clipNorm ? clipNorm / (norm + <f32>1e-6) : 1; // PyTorch's clip_grad_norm_
}
