// Where a buffer holds just the rows at hand, as in a step, its panels lie one behind the other and a loop over them
// is one run over all; within a chunk of timesteps each panel is a run of its own.

// @ts-ignore: decorator
@inline
export function runCount(stride: usize, panels: i32, rows: i32): i32 {
  return stride == <usize>rows << 6 ? 1 : panels;
}

// @ts-ignore: decorator
@inline
export function runBytes(stride: usize, panels: i32, rows: i32): usize {
  return stride == <usize>rows << 6 ? <usize>panels * stride : <usize>rows << 6;
}
