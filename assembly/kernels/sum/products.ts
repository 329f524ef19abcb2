// The sum of the rows of an elementwise product, each column one chain of additions from its first row to its last.
// Scalar: no model spends time here.

/** out f32[columns] += Σ rows of x ⊙ d, panels `xPanel` and `dPanel` bytes apart. */
export function sumProducts(
  x: usize, xPanel: usize, d: usize, dPanel: usize, rows: i32, columns: i32, out: usize,
): void {
  const bytes = <usize>rows << 6;
  for (; columns > 0; columns -= 16) {
    for (let lane: usize = 0; lane < 64; lane += 4) {
      let sum = load<f32>(out + lane);
      for (let i = lane; i < bytes; i += 64) sum += load<f32>(x + i) * load<f32>(d + i);
      store<f32>(out + lane, sum);
    }
    x += xPanel; d += dPanel; out += 64;
  }
}
