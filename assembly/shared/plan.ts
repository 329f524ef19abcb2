// The plan: one position-independent image, little-endian. Offsets are in bytes from its first byte.
//
//   header | sections | ops | buffers | states | inputs | outputs | constants (weights, biases, scales)
//
// A session may have weights of its own, an adapter's, for the ops that ask for such: they lie outside of the image, which
// says only how many bytes they are.
//
// A section is a range of ops: the main one, run once a timestep, and behind it perhaps an encoder, run once a sequence
// before it. Buffers hold what lives for one timestep, states what lives on. Both are float32 in panels of 16 columns, [columns/16][rows][16]; a buffer of kind
// tokens holds one u32 per row.

export const enum PlanFormat {
  Magic = 0x31505652, // "RVP1"
  Version = 2,
  HeaderBytes = 128,
  /** sections, buffers, states, inputs and outputs */
  EntryBytes = 16,
  OpBytes = 64,
  /** Constants start, and each constant lies, on such a boundary. */
  Alignment = 16,
  /** Columns of a panel. */
  Panel = 16,
  MaxColumns = 1048576,
  MaxEntries = 4096,
}

/** Byte offsets in the header; the tables are (count, offset) pairs. */
export const enum Header {
  Magic = 0,
  Version = 4,
  ByteLength = 8,
  ShapeFingerprint = 16,
  WeightsFingerprint = 24,
  Sections = 32,
  Ops = 40,
  Buffers = 48,
  States = 56,
  Inputs = 64,
  Outputs = 72,
  Constants = 80,
  /** Bytes of the private weights; 0. */
  Private = 88,
}

/** A section: (first op, number of ops, 0, 0). */
export const enum SectionEntry {
  FirstOp = 0,
  OpCount = 4,
}

/** A buffer: (columns, kind, section, 0). Columns are a multiple of 16; a buffer of tokens has 1. */
export const enum BufferEntry {
  Columns = 0,
  Kind = 4,
  Section = 8,
}

/**
 * A state: (size, section, offset of the constant that it begins with, 0); its columns are the size rounded up to 16.
 * Without a constant, offset 0, it begins with zeros.
 */
export const enum StateEntry {
  Size = 0,
  Section = 4,
  Initial = 8,
}

/**
 * An input: (buffer, kind, size, 0); the size is that of the vector or of the vocabulary. Those of the encoder come
 * behind all others.
 */
export const enum InputEntry {
  Buffer = 0,
  Kind = 4,
  Size = 8,
}

/** An output: (buffer, size, 0, 0). */
export const enum OutputEntry {
  Buffer = 0,
  Size = 4,
}

/** An op: (code, direction, five operands of (base | index << 8, offset), k, n, m, qmax). */
export const enum OpEntry {
  Code = 0,
  Direction = 4,
  Operands = 8,
  K = 48,
  N = 52,
  /** A third size: the columns of a bias, the first column that a copy writes. */
  M = 56,
  Qmax = 60,
}
