// Known answers of Random123 (Salmon et al.), kat_vectors: philox4x32 with 10 rounds, counter, key, result.

import { philox, philoxWord, uniform } from '../../assembly/kernels/random/philox';

function expectWords(w0: u32, w1: u32, w2: u32, w3: u32): void {
  expect<u32>(philoxWord(0)).toBe(w0);
  expect<u32>(philoxWord(1)).toBe(w1);
  expect<u32>(philoxWord(2)).toBe(w2);
  expect<u32>(philoxWord(3)).toBe(w3);
}

describe('philox4x32-10', () => {
  it('gives the known answer for zeros', () => {
    philox(0, 0, 0, 0, 0, 0);
    expectWords(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  });

  it('gives the known answer for ones', () => {
    philox(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff);
    expectWords(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
  });

  it('gives the known answer for digits of pi', () => {
    philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0);
    expectWords(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  });
});

describe('uniform', () => {
  it('is the first word of counter (index, 0, 0, 0) under the seed, its top 24 bits as a fraction', () => {
    philox(12345, 0, 0, 0, 0xdeadbeef, 7);
    expect<f32>(uniform(0xdeadbeef, 7, 12345)).toBe(<f32>(philoxWord(0) >> 8) / 16777216);
  });
});
