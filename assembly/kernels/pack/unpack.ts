/** The opposite of packF32: panels [⌈rows/16⌉][k][16] → f32[rows][k]. */
export function unpackF32(src: usize, rows: i32, k: i32, dst: usize): void {
  for (let row = 0; row < rows; row++) {
    let p = src + (<usize>(row >> 4) * <usize>k << 6) + (<usize>(row & 15) << 2);
    for (let i = 0; i < k; i++) {
      store<f32>(dst, load<f32>(p));
      p += 64; dst += 4;
    }
  }
}
