const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The 32-bit FNV-1a hash (Fowler, Noll, Vo), enough to notice a torn or damaged file.
 *
 * @param hash of the bytes before these
 */
export function fnv1a(bytes: Uint8Array, hash = OFFSET_BASIS): number {
  let result = hash;
  for (const byte of bytes) result = Math.imul(result ^ byte, PRIME);
  return result >>> 0;
}
