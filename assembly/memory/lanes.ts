// Single values of a row of a buffer or state in panels, for ops whose columns do not fall on panels.

import { copyPanel } from './copy';

/** Address of `column` of the row whose first panel is at `row`. */
// @ts-ignore: decorator
@inline
export function laneAt(row: usize, panel: usize, column: i32): usize {
  return row + <usize>(column >> 4) * panel + (<usize>(column & 15) << 2);
}

/** `count` columns from `first` on of one row into those from `to` on of another; the two do not overlap. */
export function copyLanes(
  source: usize, sourcePanel: usize, first: i32, target: usize, targetPanel: usize, to: i32, count: i32,
): void {
  let i = 0;
  if (((first | to) & 15) == 0) {
    for (; i <= count - 16; i += 16) copyPanel(laneAt(target, targetPanel, to + i), laneAt(source, sourcePanel, first + i));
  }
  for (; i < count; i++) {
    store<f32>(laneAt(target, targetPanel, to + i), load<f32>(laneAt(source, sourcePanel, first + i)));
  }
}

/** The same, added to what the target holds. */
export function addLanes(
  source: usize, sourcePanel: usize, first: i32, target: usize, targetPanel: usize, to: i32, count: i32,
): void {
  for (let i = 0; i < count; i++) {
    const at = laneAt(target, targetPanel, to + i);
    store<f32>(at, load<f32>(at) + load<f32>(laneAt(source, sourcePanel, first + i)));
  }
}
