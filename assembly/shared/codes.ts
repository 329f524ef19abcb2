// Read by asc and tsc alike: the numbers on which the plan's writer and its reader agree.

/** What an operation does. The operands of each are listed in assembly/plan/signatures.ts. */
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
  HardSigmoid = 14,
  LeakyRelu = 15,
  Elu = 16,
  Softsign = 17,
  Clip = 18,
  Add = 19,
  Mul = 20,
  Average = 21,
  Affine = 22,
  AddScaled = 23,
  CopyColumns = 24,
  LayerNorm = 25,
  Dropout = 26,
  LstmCell = 27,
  Remember = 28,
  GruState = 29,
  MinGruState = 30,
  MinLstmState = 31,
  Window = 32,
  ConvolutionF32 = 33,
  ConvolutionInt8 = 34,
  MaxPool = 35,
  AveragePool = 36,
  TimeMax = 37,
  TimeSum = 38,
  TimeMean = 39,
  Attention = 40,
  CopyState = 41,
  Sub = 42,
  Div = 43,
  Sqrt = 44,
  LogSoftmax = 45,
  PRelu = 46,
  Quantize = 47,
}

/** How an operation moves through a sequence. */
export const enum Direction {
  /** All timesteps at once. */
  None = 0,
  /** One timestep after the other. */
  Forward = 1,
  /** From the last timestep to the first. */
  Backward = 2,
  /** Once, when the sequence of the encoder is over. */
  Once = 3,
}

/**
 * Where an operand lies. Plan: a byte offset; buffer and state: an index, the offset counts columns; encoded: a buffer
 * of the encoder, read as a whole by an op of the main section; private: a byte offset in the weights of the session's
 * own, without which its op does not run.
 */
export const enum Base {
  None = 0,
  Plan = 1,
  Buffer = 2,
  State = 3,
  Encoded = 4,
  Private = 5,
}

/** A range of ops: main runs once a timestep, the encoder once a sequence, before it. */
export const enum SectionKind {
  Main = 0,
  Encoder = 1,
}

export const enum InputKind {
  Features = 0,
  Tokens = 1,
}

/** What training minimizes. */
export const enum Loss {
  CrossEntropy = 0,
  MeanSquaredError = 1,
  BinaryCrossEntropy = 2,
  MeanAbsoluteError = 3,
  Huber = 4,
  Ctc = 5,
}

/** What an export of the module answers. */
export const enum Status {
  Ok = 0,
  NonFiniteInput = 1,
  TokenOutOfRange = 2,
  NotStreamable = 3,
  TooManyTimesteps = 4,
  BadTarget = 5,
  BadLength = 6,
  NotEncoded = 7,
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
