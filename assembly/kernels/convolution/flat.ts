// Rows of panelled buffers from plain vectors; the opposite is `flatten` of kernels/matvec.

import { addPanel, copyPanel } from '../../memory/copy';

/** A plain vector into one row of a panelled buffer. */
export function unflatten(flat: usize, row: usize, stride: usize, panels: i32): void {
  for (; panels > 0; panels--) {
    copyPanel(row, flat);
    flat += 64; row += stride;
  }
}

/** A plain vector added to one row of a panelled buffer. */
export function addFlat(flat: usize, row: usize, stride: usize, panels: i32): void {
  for (; panels > 0; panels--) {
    addPanel(row, flat);
    flat += 64; row += stride;
  }
}
