// The sum of the rows of a matrix in panels, each column one chain of additions from its first row to its last.

/** out f32[columns] += Σ rows of x [columns/16][rows][16], panels `xPanel` bytes apart; at least one row. */
export function sumRows(x: usize, xPanel: usize, rows: i32, columns: i32, out: usize): void {
  for (; columns > 0; columns -= 16) {
    if (ASC_FEATURE_SIMD) sumPanel(x, rows, out);
    else for (let lane: usize = 0; lane < 64; lane += 16) sumFour(x + lane, rows, out + lane);
    x += xPanel; out += 64;
  }
}

function sumPanel(x: usize, rows: i32, out: usize): void {
  const end = x + (<usize>rows << 6);
  let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
  for (; x < end; x += 64) {
    s0 = f32x4.add(s0, v128.load(x)); s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32)); s3 = f32x4.add(s3, v128.load(x, 48));
  }
  v128.store(out, s0); v128.store(out, s1, 16); v128.store(out, s2, 32); v128.store(out, s3, 48);
}

function sumFour(x: usize, rows: i32, out: usize): void {
  const end = x + (<usize>rows << 6);
  let s0 = load<f32>(out), s1 = load<f32>(out, 4), s2 = load<f32>(out, 8), s3 = load<f32>(out, 12);
  for (; x < end; x += 64) {
    s0 += load<f32>(x); s1 += load<f32>(x, 4); s2 += load<f32>(x, 8); s3 += load<f32>(x, 12);
  }
  store<f32>(out, s0); store<f32>(out, s1, 4); store<f32>(out, s2, 8); store<f32>(out, s3, 12);
}
