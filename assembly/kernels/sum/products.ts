// The sum of the rows of an elementwise product, each column one chain of additions from its first row to its last.

/** out f32[columns] += Σ rows of x ⊙ d, panels `xPanel` and `dPanel` bytes apart. */
export function sumProducts(
  x: usize, xPanel: usize, d: usize, dPanel: usize, rows: i32, columns: i32, out: usize,
): void {
  const bytes = <usize>rows << 6;
  for (; columns > 0; columns -= 16) {
    if (ASC_FEATURE_SIMD) sumPanel(x, d, bytes, out);
    else sumPanelScalar(x, d, bytes, out);
    x += xPanel; d += dPanel; out += 64;
  }
}

function sumPanel(x: usize, d: usize, bytes: usize, out: usize): void {
  let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
  for (const end = x + bytes; x < end; x += 64, d += 64) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(x), v128.load(d)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(x, 16), v128.load(d, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(x, 32), v128.load(d, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(x, 48), v128.load(d, 48)));
  }
  v128.store(out, s0); v128.store(out, s1, 16); v128.store(out, s2, 32); v128.store(out, s3, 48);
}

function sumPanelScalar(x: usize, d: usize, bytes: usize, out: usize): void {
  for (let lane: usize = 0; lane < 64; lane += 4) {
    let sum = load<f32>(out + lane);
    for (let i = lane; i < bytes; i += 64) sum += load<f32>(x + i) * load<f32>(d + i);
    store<f32>(out + lane, sum);
  }
}
