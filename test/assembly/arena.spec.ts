// The arena: first fit, blocks given back, more records than the first table holds, no memory.
//
// Its blocks start behind all memory that is there at first, so that the test's own objects are not among them.

import { allocate, free, heapStart } from '../../assembly/memory/arena';

const PAGE: usize = 65536;

const start = <usize>memory.size() * PAGE;
heapStart = start;

/** What the test knows of the blocks: addresses and sizes, in no order. Written with bytes of their own. */
const addresses = new StaticArray<usize>(512);
const sizes = new StaticArray<usize>(512);
let count = 0;

let seed: u32 = 1;

/** Numerical Recipes' linear congruential generator; its high bits. */
function random(below: u32): u32 {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % below;
}

function take(bytes: usize): usize {
  const address = allocate(bytes);
  if (address) {
    addresses[count] = address;
    sizes[count] = bytes;
    count++;
    memory.fill(address, mark(address), bytes);
  }
  return address;
}

function mark(address: usize): u8 {
  return <u8>(address >> 6) ^ <u8>(address >> 14);
}

function give(i: i32): void {
  free(addresses[i]);
  count--;
  addresses[i] = addresses[count];
  sizes[i] = sizes[count];
}

function giveAll(): void {
  while (count > 0) give(count - 1);
}

/** Whether every block still holds its own bytes, is aligned and lies within memory. */
function intact(): bool {
  for (let i = 0; i < count; i++) {
    const address = addresses[i], size = sizes[i], byte = mark(address);
    if (address & 63 || address < start || address + size > <usize>memory.size() * PAGE) return false;
    for (let at: usize = 0; at < size; at++) if (load<u8>(address + at) != byte) return false;
  }
  return true;
}

function overlaps(): bool {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      if (addresses[i] < addresses[j] + sizes[j] && addresses[j] < addresses[i] + sizes[i]) return true;
    }
  }
  return false;
}

describe('the arena', () => {
  afterEach(giveAll);

  it('starts at heapStart, and puts block behind block on boundaries of 64 bytes', () => {
    expect<usize>(take(1)).toBe(start);
    expect<usize>(take(64)).toBe(start + 64);
    expect<usize>(take(65)).toBe(start + 128);
    expect<usize>(take(0)).toBe(start + 256);
    expect<usize>(take(1)).toBe(start + 320);
  });

  it('fills the first gap that is large enough, and gaps side by side are one', () => {
    for (let i = 0; i < 6; i++) take(128);
    const first = start;
    free(first + 128);
    free(first + 256);
    free(first + 512);
    count = 0;
    expect<usize>(allocate(257)).toBe(first + 768, 'no gap of 257 bytes');
    expect<usize>(allocate(64)).toBe(first + 128, 'the first gap');
    expect<usize>(allocate(192)).toBe(first + 192, 'the rest of it');
    expect<usize>(allocate(128)).toBe(first + 512, 'the second gap');
    for (let at = first; at < first + 1536; at += 64) free(at);
    expect<usize>(take(1)).toBe(start, 'everything was given back');
  });

  it('ignores addresses that are no block\'s', () => {
    const block = take(64);
    free(block + 1);
    free(block + 64);
    free(0);
    expect<bool>(take(64) != block).toBeTruthy();
  });

  it('answers 0 where memory cannot grow so far, and works on', () => {
    const block = take(64);
    expect<usize>(allocate(0xfffeffff)).toBe(0);
    expect<usize>(allocate(0xffff0001)).toBe(0);
    expect<usize>(allocate(0xffffffff)).toBe(0);
    expect<usize>(take(64)).toBe(block + 64);
    expect<bool>(intact()).toBeTruthy();
  });

  it('holds more blocks than its first table of 64 records, twice over', () => {
    for (let i = 0; i < 300; i++) expect<bool>(take(1 + random(200)) != 0).toBeTruthy();
    expect<bool>(overlaps()).toBeFalsy();
    expect<bool>(intact()).toBeTruthy();
  });

  it('gives back the tables that have become too small: one is left between the blocks', () => {
    for (let i = 0; i < 300; i++) take(128);
    giveAll();
    let gaps = 0, end = start;
    for (let i = 0; i < 400; i++) {
      const block = take(64);
      gaps += i32(block != end);
      end = block + 64;
    }
    expect<i32>(gaps).toBeLessThanOrEqual(1);
  });

  it('grows memory by what is needed, not by more', () => {
    giveAll();
    const pages = memory.size();
    const block = take(3 * PAGE);
    const end = block + 3 * PAGE;
    const needed = <i32>((end + PAGE - 1) / PAGE);
    expect<i32>(memory.size()).toBe(max(pages, needed));
  });

  it('keeps blocks apart and their bytes as they are, through 20,000 random allocations and frees (seed 1)', () => {
    seed = 1;
    let most = 0;
    for (let i = 0; i < 20000; i++) {
      if (count < 400 && random(100) < (i % 4000 < 2000 ? 60 : 40)) take(random(16) ? random(300) : random(9000));
      else if (count > 0) give(<i32>random(count));
      most = max(most, count);
      if (i % 500 == 0) {
        expect<bool>(overlaps()).toBeFalsy();
        expect<bool>(intact()).toBeTruthy();
      }
    }
    expect<i32>(most).toBeGreaterThan(200);
  });
});
