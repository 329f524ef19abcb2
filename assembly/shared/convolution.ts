// The descriptor of a convolution or of pooling within a frame: eight words, a constant of the plan. A frame is a row of
// `channels` × `width` values.

export const enum Frame {
  Channels = 0,
  Width = 4,
  /** Positions that an output sees, `dilation` apart; from an output to the next `stride` positions. */
  Kernel = 8,
  Stride = 12,
  Dilation = 16,
  /**
   * Positions of zeros before the first, an i32: a negative number skips so many. Those behind the last follow from
   * OutWidth.
   */
  Pad = 20,
  OutWidth = 24,
  /** 0: position by position, [width][channels]; 1: channel by channel, [channels][width]. Of input and output. */
  ChannelsFirst = 28,
  Bytes = 32,
  /** Values that a pooling looks at in a timestep, at most: its outputs times its kernel. */
  MostWork = 16777216,
}
