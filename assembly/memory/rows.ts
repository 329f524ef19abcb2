/** Rows that a product of many rows transposes at once; its scratch holds so many of the widest vector. */
export const BLOCK_ROWS: i32 = 64;

/** Rows of a block of scratch: whole panels of the transpose, at most BLOCK_ROWS. */
export function blockRows(rows: i32): i32 {
  return rows == 1 ? 1 : (min(rows, BLOCK_ROWS) + 15) & ~15;
}

/** Rows that a buffer of `rows` keeps: an odd number, so that its panels do not share one set of the cache. */
export function paddedRows(rows: i32): i32 {
  return rows == 1 ? 1 : rows | 1;
}
