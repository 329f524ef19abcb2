// The sum over a row: four partial sums by index mod 4, added as (s0 + s1) + (s2 + s3).

const SUMS: usize = memory.data(16);

// @ts-ignore: decorator
@inline
export function beginSum(): void {
  memory.fill(SUMS, 0, 16);
}

// @ts-ignore: decorator
@inline
export function addTerm(i: i32, value: f32): void {
  const sum = SUMS + (<usize>(i & 3) << 2);
  store<f32>(sum, load<f32>(sum) + value);
}

// @ts-ignore: decorator
@inline
export function endSum(): f32 {
  return load<f32>(SUMS) + load<f32>(SUMS, 4) + (load<f32>(SUMS, 8) + load<f32>(SUMS, 12));
}
