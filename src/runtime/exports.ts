/** What the inference module exports. Addresses are bytes in `memory`, statuses those of assembly/shared/codes.ts. */
export interface InferExports {
  readonly memory: WebAssembly.Memory;
  readonly heapStart: WebAssembly.Global;
  allocate(bytes: number): number;
  free(address: number): void;
  validate(plan: number, bytes: number): number;
  readonly refusedIndex: WebAssembly.Global;
  /** `encoderChunk`: the most timesteps of the encoder's sequence, 0 without an encoder. */
  sessionBytes(plan: number, rows: number, chunk: number, encoderChunk: number): number;
  sessionInit(session: number, plan: number, rows: number, chunk: number, encoderChunk: number): void;
  sessionReset(session: number): void;
  sessionResetRow(session: number, row: number): void;
  copyState(from: number, to: number): void;
  /** States, and what the encoder left. */
  copyRow(from: number, fromRow: number, to: number, toRow: number): void;
  /** Of the encoder's inputs: their numbers follow those of the main section. */
  inputAddress(session: number, index: number): number;
  outputAddress(session: number, index: number): number;
  stateAddress(session: number, index: number): number;
  /** Bytes from a panel of a buffer to the next. */
  panelStride(session: number): number;
  encoderStride(session: number): number;
  /** u32[rows] each: of a ragged sequence, and of what the encoder has read. */
  lengthsAddress(session: number): number;
  memoryLengthsAddress(session: number): number;
  step(session: number): number;
  streams(session: number): number;
  sequence(session: number, timesteps: number, ragged: number): number;
  encode(session: number, timesteps: number, ragged: number): number;
  readonly refusedInput: WebAssembly.Global;
  readonly refusedRow: WebAssembly.Global;
  readonly refusedColumn: WebAssembly.Global;
  packF32(source: number, rows: number, k: number, destination: number): number;
  panelsFromRows(source: number, rows: number, n: number, panels: number, stride: number): void;
  rowsFromPanels(panels: number, stride: number, rows: number, n: number, target: number): void;
  clearInt8(destination: number, n: number, pairs: number): void;
  packInt8(
    source: number,
    rows: number,
    k: number,
    destination: number,
    first: number,
    n: number,
    pairs: number,
  ): void;
  largestRowSum(packed: number, n: number, pairs: number): number;
  qmaxOf(largestSum: number): number;
  xxh64(address: number, bytes: number, seed: bigint): bigint;
  crossEntropy(logits: number, n: number, target: number, scratch: number): number;
  argmax(logits: number, n: number): number;
  sample(
    logits: number,
    n: number,
    temperature: number,
    topK: number,
    topP: number,
    uniform: number,
    scratch: number,
  ): number;
  uniform(seedLow: number, seedHigh: number, index: number): number;
}

/** What the training module exports besides. */
export interface TrainExports extends InferExports {
  trainerBytes(plan: number, rows: number, chunk: number, encoderChunk: number): number;
  trainerInit(trainer: number, plan: number, rows: number, chunk: number, encoderChunk: number): void;
  trainerReset(trainer: number): void;
  trainerResetRow(trainer: number, row: number): void;
  /** u32[rows]: 1 for a stream at its beginning. */
  trainerFresh(trainer: number): number;
  trainerSession(trainer: number): number;
  trainerTargets(trainer: number): number;
  trainerWeights(trainer: number): number;
  trainerGradients(trainer: number): number;
  trainerFirstMoments(trainer: number): number;
  trainerSecondMoments(trainer: number): number;
  trainerNorm(trainer: number): number;
  addSegment(trainer: number, offset: number, bytes: number): void;
  setDropout(
    trainer: number,
    threshold: number,
    scale: number,
    seedLow: number,
    seedHigh: number,
    window: number,
  ): void;
  backpropagate(trainer: number, timesteps: number, encoderTimesteps: number, loss: number): number;
  readonly lossSum: WebAssembly.Global;
  readonly weightSum: WebAssembly.Global;
  readonly refusedTargetRow: WebAssembly.Global;
  readonly refusedTargetColumn: WebAssembly.Global;
  updateAdam(
    trainer: number,
    beta1: number,
    beta2: number,
    rate: number,
    root: number,
    epsilon: number,
    decay: number,
    clipNorm: number,
  ): void;
  updateSgd(trainer: number, momentum: number, rate: number, decay: number, clipNorm: number): void;
  meanSquaredBackward(x: number, n: number, target: number, scale: number): number;
  unpackF32(panels: number, rows: number, k: number, target: number): void;
}
