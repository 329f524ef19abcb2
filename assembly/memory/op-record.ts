// An op as a session runs it: addresses instead of bases and offsets, resolved once, when the session is made.

/** Bytes of an OpRecord. */
export const OP_RECORD: usize = 148;

/**
 * Each operand has an address, the bytes from a panel to the next, and `row`, the bytes by which the rows of a later
 * timestep move it: 64 a row in a buffer (4 in one of tokens), 0 in a state or a constant, of which there is one for
 * all timesteps, and in a buffer of the encoder, which is read as a whole. Within a timestep row follows row, 64 bytes apart.
 */
@unmanaged
export class OpRecord {
  /** Index into the function table; every op is a function (op, row, rows). */
  run: u32;
  direction: u32;
  k: i32;
  n: i32;
  /** A third size: the columns of a bias, the first column that a copy writes. */
  m: i32;
  qmax: i32;
  /** Room for k values, flat or quantized. */
  scratch: usize;
  /** Bytes to the record that a step runs next: those of two where this one does the work of its neighbour too. */
  span: u32;
  /** The Session that it belongs to. */
  session: usize;
  a: usize; aPanel: usize; aRow: usize;
  b: usize; bPanel: usize; bRow: usize;
  c: usize; cPanel: usize; cRow: usize;
  d: usize; dPanel: usize; dRow: usize;
  e: usize; ePanel: usize; eRow: usize;
}

/** Where the operands begin, and the bytes of each. */
export const OPERANDS: usize = 36;
export const OPERAND: usize = 12;

/** n rounded up to whole panels. */
// @ts-ignore: decorator
@inline
export function columnsOf(n: i32): i32 {
  return (n + 15) & ~15;
}
