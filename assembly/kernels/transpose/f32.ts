// The transpose of a matrix in panels: X [columns/16][rows][16] → Xᵀ [rows/16][columns][16]. Only what belongs to X is
// read, and only its lanes are written: what lies behind the last row of X stays as it is in Xᵀ.

/** Panels `xPanel` and `outPanel` bytes apart; columns are rounded up to whole panels. */
export function transposeF32(x: usize, xPanel: usize, rows: i32, columns: i32, out: usize, outPanel: usize): void {
  let row = 0;
  if (ASC_FEATURE_SIMD) {
    for (; row + 4 <= rows; row += 4) {
      fourRows(x + (<usize>row << 6), xPanel, columns, laneOf(out, outPanel, row));
    }
  }
  for (; row < rows; row++) oneRow(x + (<usize>row << 6), xPanel, columns, laneOf(out, outPanel, row));
}

// @ts-ignore: decorator
@inline
function laneOf(out: usize, outPanel: usize, row: i32): usize {
  return out + <usize>(row >> 4) * outPanel + (<usize>(row & 15) << 2);
}

function oneRow(x: usize, xPanel: usize, columns: i32, out: usize): void {
  for (; columns > 0; columns -= 16) {
    for (let i: usize = 0; i < 64; i += 4) {
      store<f32>(out, load<f32>(x + i));
      out += 64;
    }
    x += xPanel;
  }
}

/** Blocks of 4 × 4, in two rounds of interleaving. */
function fourRows(x: usize, xPanel: usize, columns: i32, out: usize): void {
  for (; columns > 0; columns -= 16) {
    const end = x + 64;
    let p = x;
    do {
      const a = v128.load(p), b = v128.load(p, 64), c = v128.load(p, 128), d = v128.load(p, 192);
      const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(out, v128.shuffle<i32>(ab0, cd0, 0, 1, 4, 5));
      v128.store(out, v128.shuffle<i32>(ab0, cd0, 2, 3, 6, 7), 64);
      v128.store(out, v128.shuffle<i32>(ab1, cd1, 0, 1, 4, 5), 128);
      v128.store(out, v128.shuffle<i32>(ab1, cd1, 2, 3, 6, 7), 192);
      p += 16; out += 256;
    } while (p < end);
    x += xPanel;
  }
}
