// The spec's module holds the inference module's sources, and the build is the one that was asked for.

import { free, allocate } from '../../assembly/memory/arena';

describe('a spec', () => {
  it('reaches the sources of the module', () => {
    const block = allocate(100);
    expect(block & 63).toBe(0);
    free(block);
  });

  it('runs v128 where the build has it', () => {
    if (ASC_FEATURE_SIMD) expect(i32x4.extract_lane(i32x4.add(i32x4.splat(40), i32x4.splat(2)), 3)).toBe(42);
  });
});
