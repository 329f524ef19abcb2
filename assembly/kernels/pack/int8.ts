// Into the layout of kernels/matvec/int8.ts: high bytes as they are, low bytes offset by 128.

/** Sets the n rows (a multiple of 16) of a packed matrix to zero weights. */
export function clearInt8(dst: usize, n: i32, pairs: i32): void {
  const end = dst + <usize>n * <usize>pairs * 2;
  for (; dst < end; dst += 4) store<u32>(dst, 0x00800080);
}

/** src i8[rows][k] → rows first … first + rows - 1 of the packed matrix of n rows and `pairs` pairs of columns. */
export function packInt8(src: usize, rows: i32, k: i32, dst: usize, first: i32, n: i32, pairs: i32): void {
  for (let row = first; row < first + rows; row++) {
    let p = dst + offsetOf(row, pairs);
    const step = stepOf(row, n), low = (row & 4) != 0;
    for (let i = 0; i < k; i++) {
      const v = load<i8>(src++);
      if (low) store<u8>(p, <u8>(<i32>v + 128));
      else store<i8>(p, v, 1);
      p += i & 1 ? step - 2 : 2;
    }
  }
}

/** The largest Σ|w| of a row: int32 sums of products with |q| ≤ (2³¹ - 1) / this cannot overflow. */
export function largestRowSum(w: usize, n: i32, pairs: i32): u32 {
  let largest: u32 = 0;
  for (let row = 0; row < n; row++) {
    let p = w + offsetOf(row, pairs), sum: u32 = 0;
    const step = stepOf(row, n), low = (row & 4) != 0;
    for (let i = 0; i < pairs; i++) {
      const even = low ? <i32>load<u8>(p) - 128 : <i32>load<i8>(p, 1);
      const odd = low ? <i32>load<u8>(p, 2) - 128 : <i32>load<i8>(p, 3);
      sum += abs(even) + abs(odd);
      p += step;
    }
    largest = max(largest, sum);
  }
  return largest;
}

/** The first pair of a row, its low byte. */
function offsetOf(row: i32, pairs: i32): usize {
  return (<usize>(row >> 5) * <usize>pairs << 6) + (<usize>((row & 31) >> 3) << 4) + (<usize>(row & 3) << 2);
}

/** Bytes from a pair to the next: 4 vectors, 2 in a last block of 16 rows. */
function stepOf(row: i32, n: i32): usize {
  return n - (row & ~31) >= 32 ? 64 : 32;
}
