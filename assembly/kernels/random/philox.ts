// Philox4x32-10, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011):
// a value is a function of (seed, index), so there is no state to keep, save or advance.

const M0: u64 = 0xd2511f53, M1: u64 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9, W1: u32 = 0xbb67ae85;

let r0: u32 = 0, r1: u32 = 0, r2: u32 = 0, r3: u32 = 0;

/** Ten rounds over the counter (c0, c1, c2, c3) under the key (k0, k1); the result is in philoxWord(0 … 3). */
export function philox(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): void {
  for (let round = 0; round < 10; round++) {
    const a = M0 * <u64>c0, b = M1 * <u64>c2;
    c0 = <u32>(b >> 32) ^ c1 ^ k0;
    c1 = <u32>b;
    c2 = <u32>(a >> 32) ^ c3 ^ k1;
    c3 = <u32>a;
    k0 += W0; k1 += W1;
  }
  r0 = c0; r1 = c1; r2 = c2; r3 = c3;
}

export function philoxWord(i: i32): u32 {
  return i == 0 ? r0 : i == 1 ? r1 : i == 2 ? r2 : r3;
}

/** Uniform in [0, 1), 24 bits: the value number `index` of the stream of a 64-bit seed. */
export function uniform(seedLow: u32, seedHigh: u32, index: u32): f32 {
  philox(index, 0, 0, 0, seedLow, seedHigh);
  return <f32>(r0 >> 8) * <f32>5.9604644775390625e-8;
}
