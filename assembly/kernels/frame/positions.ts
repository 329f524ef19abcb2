// The positions of a frame that an output sees: first + i * dilation for i below the kernel; only those inside are read.

import { Frame } from '../../shared/convolution';

/** Position of the frame, perhaps outside, where output number `output` begins. */
// @ts-ignore: decorator
@inline
export function startOf(frame: usize, output: i32): i32 {
  return output * load<i32>(frame, Frame.Stride) - load<i32>(frame, Frame.Pad);
}

/** The first position inside the frame that an output sees. */
export function firstInside(frame: usize, output: i32): i32 {
  const start = startOf(frame, output), dilation = load<i32>(frame, Frame.Dilation);
  return start >= 0 ? start : start + (dilation - 1 - start) / dilation * dilation;
}

/** No position behind this one is inside and seen; it is smaller than the first where none is. */
export function lastInside(frame: usize, output: i32): i32 {
  const end = startOf(frame, output) + (load<i32>(frame, Frame.Kernel) - 1) * load<i32>(frame, Frame.Dilation);
  return min(end, load<i32>(frame, Frame.Width) - 1);
}

/** The column of a channel at a position, in a frame `width` wide with this one's channels and layout. */
// @ts-ignore: decorator
@inline
export function columnOf(frame: usize, width: i32, channel: i32, position: i32): i32 {
  return load<i32>(frame, Frame.ChannelsFirst)
    ? channel * width + position
    : position * load<i32>(frame, Frame.Channels) + channel;
}
