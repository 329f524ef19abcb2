/** Inflating to a size that is known before. (fflate's own one-shot functions inflate on, into nothing.) */
import { Inflate } from 'fflate';

/** Deflate makes of a byte at most so many; what claims more is damaged, or a bomb. */
export const MOST_GROWTH = 1032;
/** Between two looks at the size. */
const PART_BYTES = 4096;

/**
 * @param data deflate's blocks, without a header
 * @returns `size` bytes, or why they are not: `has 3 bytes, not 4`
 */
export function inflateExactly(data: Uint8Array, size: number): Uint8Array | string {
  const out = new Uint8Array(size);
  let [at, final] = [0, false];
  const stream = new Inflate((part, isLast) => {
    if (at + part.length > size) throw new Error(`is larger than it says, ${size} bytes`);
    out.set(part, at);
    at += part.length;
    final = isLast;
  });
  try {
    for (let from = 0; from < data.length && !final; from += PART_BYTES)
      stream.push(data.subarray(from, from + PART_BYTES), from + PART_BYTES >= data.length);
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
  return at === size ? out : `has ${at} bytes, and says that it has ${size}`;
}
