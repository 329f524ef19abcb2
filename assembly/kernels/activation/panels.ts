// Activations over a range of panels of a buffer, for all rows of a timestep or a chunk.
//
// Where a buffer holds just the rows at hand, as in a step, its panels lie one behind the other and a loop over them
// is one run over all; within a chunk of timesteps each panel is a run of its own.

import { reluAll } from './relu';
import { sigmoidAll, tanhAll } from './tanh';

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

/** y = sigmoid(x); both with panels `stride` bytes apart. */
export function sigmoidPanels(x: usize, y: usize, stride: usize, panels: i32, rows: i32): void {
  const bytes = runBytes(stride, panels, rows);
  for (let runs = runCount(stride, panels, rows); runs > 0; runs--) {
    sigmoidAll(x, y, bytes);
    x += stride; y += stride;
  }
}

/** y = tanh(x); both with panels `stride` bytes apart. */
export function tanhPanels(x: usize, y: usize, stride: usize, panels: i32, rows: i32): void {
  const bytes = runBytes(stride, panels, rows);
  for (let runs = runCount(stride, panels, rows); runs > 0; runs--) {
    tanhAll(x, y, bytes);
    x += stride; y += stride;
  }
}

/** y = max(x, 0); both with panels `stride` bytes apart. */
export function reluPanels(x: usize, y: usize, stride: usize, panels: i32, rows: i32): void {
  const bytes = runBytes(stride, panels, rows);
  for (let runs = runCount(stride, panels, rows); runs > 0; runs--) {
    reluAll(x, y, bytes);
    x += stride; y += stride;
  }
}
