// The room that a convolution wants, in values; `frame` is its descriptor, k, n and m its sizes.

import { columnsOf } from '../../memory/op-record';
import { Frame } from '../../shared/convolution';

/** Patches that the gradient of the weights takes at once: as many rows of a product of matrices. */
export const BLOCK_PATCHES: i32 = 64;

/** Forward: x, a patch, the units of an output, all outputs, a quantized patch. */
export function convolutionScratch(frame: usize, k: i32, n: i32, m: i32): u64 {
  return rowValues(frame, k, n, m) + (columnsOf(k) >> 1);
}

/** Backward: the same without the last, then the four sums of each value of a patch, or a block of patches and units. */
export function convolutionBackwardScratch(frame: usize, k: i32, n: i32, m: i32): u64 {
  const width = <u64>columnsOf(k);
  return rowValues(frame, k, n, m) + max(4 * width, <u64>BLOCK_PATCHES * (width + n));
}

function rowValues(frame: usize, k: i32, n: i32, m: i32): u64 {
  const columns = columnsOf(load<i32>(frame, Frame.Channels) * load<i32>(frame, Frame.Width));
  return <u64>columns + columnsOf(k) + n + columnsOf(m * load<i32>(frame, Frame.OutWidth));
}
