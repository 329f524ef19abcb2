// Mean squared error over the n values of a row: loss = Σ (x - t)² / n, dx = 2 (x - t) / n. The sum has four partial
// sums by index mod 4, added as (s0 + s1) + (s2 + s3).

const SUMS: usize = memory.data(16);

/** x: f32[n], becomes dx times `scale`; target: f32[n]; returns the loss. */
export function meanSquaredBackward(x: usize, n: i32, target: usize, scale: f32): f32 {
  const factor = (scale + scale) / <f32>n;
  memory.fill(SUMS, 0, 16);
  for (let i = 0; i < n; i++) {
    const p = x + (<usize>i << 2), difference = load<f32>(p) - load<f32>(target + (<usize>i << 2));
    const sum = SUMS + (<usize>(i & 3) << 2);
    store<f32>(sum, load<f32>(sum) + difference * difference);
    store<f32>(p, difference * factor);
  }
  return (load<f32>(SUMS) + load<f32>(SUMS, 4) + (load<f32>(SUMS, 8) + load<f32>(SUMS, 12))) / <f32>n;
}
