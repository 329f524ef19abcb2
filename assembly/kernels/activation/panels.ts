// Activations over a range of panels of a buffer, for all rows of a timestep or a chunk.

import { runBytes, runCount } from '../../memory/runs';
import { reluAll } from './relu';
import { sigmoidAll, tanhAll } from './tanh';

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
