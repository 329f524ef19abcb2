// Read by asc and tsc alike: the numbers on which the plan's writer and its reader agree.

/** What an operation does. The operands of each are listed in assembly/plan/validate.ts. */
export const enum OpCode {
  Embedding = 1,
  MatvecF32 = 2,
  MatvecInt8 = 3,
  Sigmoid = 4,
  Tanh = 5,
  Relu = 6,
  Softmax = 7,
  RnnTanh = 8,
  RnnRelu = 9,
  Lstm = 10,
  GruAfter = 11,
  GruReset = 12,
  GruBefore = 13,
}

/** How an operation moves through a sequence: all timesteps at once, or one after the other. */
export const enum Direction {
  None = 0,
  Forward = 1,
  Backward = 2,
}

/** Where an operand lies. Plan: a byte offset; buffer and state: an index, the offset counts columns. */
export const enum Base {
  None = 0,
  Plan = 1,
  Buffer = 2,
  State = 3,
}

export const enum InputKind {
  Features = 0,
  Tokens = 1,
}

/** What training minimizes. */
export const enum Loss {
  CrossEntropy = 0,
  MeanSquaredError = 1,
}

/** What an export of the module answers. */
export const enum Status {
  Ok = 0,
  NonFiniteInput = 1,
  TokenOutOfRange = 2,
  NotStreamable = 3,
  TooManyTimesteps = 4,
  BadTarget = 5,
  BadHeader = 16,
  BadTable = 17,
  BadSection = 18,
  BadBuffer = 19,
  BadState = 20,
  BadInput = 21,
  BadOutput = 22,
  BadOpCode = 23,
  BadOperand = 24,
  BadSize = 25,
  BadDirection = 26,
  Int8Overflow = 27,
}
