// Between rows, as a caller has them, f32[rows][n], and the panels of a buffer, [n/16][rows][16].

/** Panels `stride` bytes apart from rows; the lanes behind the last column are left alone. */
export function panelsFromRows(source: usize, rows: i32, n: i32, panels: usize, stride: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < n; column += 16) {
      memory.copy(panels + <usize>(column >> 4) * stride, source, <usize>min(16, n - column) << 2);
      source += <usize>min(16, n - column) << 2;
    }
    panels += 64;
  }
}

/** The opposite way. */
export function rowsFromPanels(panels: usize, stride: usize, rows: i32, n: i32, target: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < n; column += 16) {
      memory.copy(target, panels + <usize>(column >> 4) * stride, <usize>min(16, n - column) << 2);
      target += <usize>min(16, n - column) << 2;
    }
    panels += 64;
  }
}
