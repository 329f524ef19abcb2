// Known answers of xxHash (XXH64, seed 0): the empty string, "a", "abc", and its sanity checks over the bytes that
// its own generator makes, at lengths that reach every branch of the tail.

import { xxh64 } from '../../assembly/kernels/hash/xxh64';

const buffer = memory.data(256);
const PRIME32: u32 = 2654435761;
const PRIME64: u64 = 11400714785074694797;

function hashOf(text: string): u64 {
  const bytes = String.UTF8.encode(text);
  return xxh64(changetype<usize>(bytes), bytes.byteLength, 0);
}

/** The buffer of xxHash's own sanity check: the top byte of a sequence of products. */
function fill(length: i32): void {
  let generator: u64 = PRIME32;
  for (let i = 0; i < length; i++) {
    store<u8>(buffer + i, <u8>(generator >> 56));
    generator *= PRIME64;
  }
}

describe('xxh64', () => {
  it('gives the known answers for short strings', () => {
    expect<u64>(hashOf('')).toBe(0xef46db3751d8e999);
    expect<u64>(hashOf('a')).toBe(0xd24ec4f1a98c6e5b);
    expect<u64>(hashOf('abc')).toBe(0x44bc2cf5ad770999);
  });

  it('gives the known answers of the sanity check, seeds 0 and PRIME32', () => {
    fill(222);
    expect<u64>(xxh64(buffer, 1, 0)).toBe(0xe934a84adb052768);
    expect<u64>(xxh64(buffer, 1, PRIME32)).toBe(0x5014607643a9b4c3);
    expect<u64>(xxh64(buffer, 4, 0)).toBe(0x9136a0dca57457ee);
    expect<u64>(xxh64(buffer, 14, 0)).toBe(0x8282dcc4994e35c8);
    expect<u64>(xxh64(buffer, 14, PRIME32)).toBe(0xc3bd6bf63deb6df0);
    expect<u64>(xxh64(buffer, 222, 0)).toBe(0xb641ae8cb691c174);
    expect<u64>(xxh64(buffer, 222, PRIME32)).toBe(0x20cb8ab7ae10c14a);
  });

  it('hashes the bytes and nothing around them, wherever they lie', () => {
    const text = 'a rivulet is a small stream, and this is longer than 32 bytes';
    const bytes = String.UTF8.encode(text), expected = hashOf(text);
    for (let offset = 0; offset < 9; offset++) {
      memory.fill(buffer, <u8>(offset + 1), 256);
      memory.copy(buffer + offset, changetype<usize>(bytes), bytes.byteLength);
      expect<u64>(xxh64(buffer + offset, bytes.byteLength, 0)).toBe(expected);
    }
  });
});
