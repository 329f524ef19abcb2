import { encodeUtf8 } from '../formats/utf8.ts';
import { hex } from '../plan/place.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Bytes pass through linear memory in pieces of this size, so that hashing a large data set does not grow it. */
const PIECE_BYTES = 65536;

/**
 * A 64-bit hash of texts and arrays, as 16 hexadecimal digits: xxh64 of one piece after the other, each seeded with the
 * hash of what came before.
 */
export function fingerprint(
  runtime: Runtime,
  parts: Iterable<string | Uint32Array | Float32Array | Uint8Array | Int8Array>,
): string {
  const scratch = runtime.allocate(PIECE_BYTES, 'a fingerprint');
  try {
    let hash = 0n;
    const add = (bytes: Uint8Array) => {
      runtime.bytes.set(bytes, scratch);
      hash = runtime.exports.xxh64(scratch, bytes.length, hash);
    };
    for (const part of parts) {
      const bytes =
        typeof part === 'string'
          ? encodeUtf8(part)
          : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      // The length first: the same bytes in other parts are other data.
      add(encodeUtf8(`${bytes.length};`));
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) add(bytes.subarray(at, at + PIECE_BYTES));
    }
    return hex(hash);
  } finally {
    runtime.free(scratch);
  }
}
