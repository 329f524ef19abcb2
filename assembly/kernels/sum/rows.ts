// The sum of the rows of a matrix in panels, each column one chain of additions from its first row to its last.

/** out f32[columns] = Σ rows of x [columns/16][rows][16], panels `xPanel` bytes apart; at least one row. */
export function sumRows(x: usize, xPanel: usize, rows: i32, columns: i32, out: usize): void {
  for (; columns > 0; columns -= 16) {
    for (let lane: usize = 0; lane < 64; lane += 16) sumFour(x + lane, rows, out + lane);
    x += xPanel; out += 64;
  }
}

function sumFour(x: usize, rows: i32, out: usize): void {
  const end = x + (<usize>rows << 6);
  if (ASC_FEATURE_SIMD) {
    let sum = f32x4.splat(0);
    for (; x < end; x += 64) sum = f32x4.add(sum, v128.load(x));
    v128.store(out, sum);
  } else {
    let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
    for (; x < end; x += 64) {
      s0 += load<f32>(x); s1 += load<f32>(x, 4); s2 += load<f32>(x, 8); s3 += load<f32>(x, 12);
    }
    store<f32>(out, s0); store<f32>(out, s1, 4); store<f32>(out, s2, 8); store<f32>(out, s3, 12);
  }
}
