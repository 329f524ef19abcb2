/**
 * Rows of a matrix into panels: src f32[rows][k] → dst [⌈rows/16⌉][k][16], with zero columns behind the last row.
 * Returns 1, or 0 where a weight is NaN or infinite.
 */
export function packF32(src: usize, rows: i32, k: i32, dst: usize): i32 {
  let finite: f32 = 0;
  for (let row = 0; row < ((rows + 15) & ~15); row++) {
    let p = dst + (<usize>(row >> 4) * <usize>k << 6) + (<usize>(row & 15) << 2);
    for (let i = 0; i < k; i++) {
      const v = row < rows ? load<f32>(src) : <f32>0;
      finite += v - v;
      store<f32>(p, v);
      p += 64;
      if (row < rows) src += 4;
    }
  }
  return <i32>(finite == 0);
}
