/** What the inference module exports. Addresses are bytes in `memory`, statuses those of assembly/shared/codes.ts. */
export interface InferExports {
  readonly memory: WebAssembly.Memory;
  readonly heapStart: WebAssembly.Global;
  allocate(bytes: number): number;
  free(address: number): void;
  validate(plan: number, bytes: number): number;
  readonly refusedIndex: WebAssembly.Global;
  sessionBytes(plan: number, rows: number, chunk: number): number;
  sessionInit(session: number, plan: number, rows: number, chunk: number): void;
  sessionReset(session: number): void;
  copyState(from: number, to: number): void;
  inputAddress(session: number, index: number): number;
  outputAddress(session: number, index: number): number;
  stateAddress(session: number, index: number): number;
  /** Bytes from a panel of a buffer to the next. */
  panelStride(session: number): number;
  step(session: number): number;
  streams(session: number): number;
  sequence(session: number, timesteps: number): number;
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
  trainerBytes(plan: number, rows: number, chunk: number): number;
  trainerInit(trainer: number, plan: number, rows: number, chunk: number): void;
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
  backpropagate(trainer: number, timesteps: number, loss: number): number;
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
