/** A shape as error messages show it: `[1024, 64]`. */
export function formatShape(shape: readonly (number | string)[]): string {
  const shown = shape.slice(0, 8).join(', ');
  return shape.length > 8 ? `[${shown}, …]` : `[${shown}]`;
}

/**
 * The number of elements of a shape (1 for a scalar's `[]`), or undefined where a dimension is no
 * non-negative integer or the product is no safe integer. Checked factor by factor, so no product rounds
 * unseen.
 */
export function elementCount(shape: readonly unknown[]): number | undefined {
  let count = 1;
  let empty = false;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
    if (size === 0) empty = true;
    else count *= size;
    if (count > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return empty ? 0 : count;
}
