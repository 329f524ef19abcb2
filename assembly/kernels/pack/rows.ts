// Between rows, as a caller has them, f32[rows][n], and the panels of a buffer, [n/16][rows][16].

import { copyPanel } from '../../memory/copy';

/** Panels `stride` bytes apart from rows; the lanes behind the last column are left alone. */
export function panelsFromRows(source: usize, rows: i32, n: i32, panels: usize, stride: usize): void {
  const rest = <usize>(n & 15) << 2;
  for (let row = 0; row < rows; row++) {
    let panel = panels;
    for (let whole = n >> 4; whole > 0; whole--) {
      copyPanel(panel, source);
      panel += stride; source += 64;
    }
    if (rest) memory.copy(panel, source, rest);
    panels += 64; source += rest;
  }
}

/** The opposite way. */
export function rowsFromPanels(panels: usize, stride: usize, rows: i32, n: i32, target: usize): void {
  const rest = <usize>(n & 15) << 2;
  for (let row = 0; row < rows; row++) {
    let panel = panels;
    for (let whole = n >> 4; whole > 0; whole--) {
      copyPanel(target, panel);
      panel += stride; target += 64;
    }
    if (rest) memory.copy(target, panel, rest);
    panels += 64; target += rest;
  }
}
