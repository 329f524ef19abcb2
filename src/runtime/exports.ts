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
  /** `weights`: the address of weights of the session's own, 0 for none. */
  sessionAdapt(session: number, weights: number): void;
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
  log(x: number): number;
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
  /** `chunks`: of the longest window; `resident`: those of them whose tapes are kept. */
  trainerBytes(
    plan: number,
    rows: number,
    chunk: number,
    encoderChunk: number,
    chunks: number,
    resident: number,
  ): number;
  /** All but the gradients and moments of the parameters. */
  trainerWindowBytes: TrainExports['trainerBytes'];
  /** `norms`: f64[states][chunks * chunk] for the norms of the gradients of states, or 0. */
  trainerInit(
    trainer: number,
    plan: number,
    rows: number,
    chunk: number,
    encoderChunk: number,
    chunks: number,
    resident: number,
    norms: number,
  ): void;
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
  /** Once all segments are there: what is in none costs no backward work from now on. */
  freeze(trainer: number): void;
  setMaster(trainer: number, master: number): void;
  setDropout(
    trainer: number,
    inputs: number,
    outputs: number,
    variational: number,
    seedLow: number,
    seedHigh: number,
    window: number,
  ): void;
  /** The streams back to where they were before a timestep of the last window. */
  trainerRewind(trainer: number, timestep: number): void;
  rtrlBytes(trainer: number): number;
  rtrlInit(rtrl: number, trainer: number): void;
  rtrlReset(rtrl: number): void;
  rtrlAdvance(rtrl: number, timesteps: number): void;
  rtrlSensitivities(rtrl: number): number;
  rtrlSensitivityBytes(rtrl: number): number;
  rtrlBegun(rtrl: number): number;
  rtrlSetBegun(rtrl: number, begun: number): void;
  criterionBytes(size: number): number;
  /** `loss`: of assembly/shared/codes.ts; `label`: a class, or -1. */
  criterionInit(criterion: number, loss: number, size: number, option: number, label: number): void;
  /** f32[size]: by class or output, 1 unless written. */
  criterionWeights(criterion: number): number;
  ctcBytes(timesteps: number, labels: number, size: number): number;
  setRoom(criterion: number, room: number): void;
  setCriterion(trainer: number, criterion: number): void;
  /** Goes on with the sums `loss` and `weight`, which are in lossSum and weightSum afterwards. */
  evaluateRows(
    criterion: number,
    output: number,
    stride: number,
    rows: number,
    targets: number,
    loss: number,
    weight: number,
  ): number;
  /** A window: each chunk is entered, filled and run forward, then, from the last to the first, backward. */
  enterChunk(trainer: number, index: number): void;
  forwardChunk(trainer: number, index: number, timesteps: number, encoderTimesteps: number): number;
  repeatChunk(trainer: number, index: number, timesteps: number): void;
  backwardChunk(trainer: number, index: number, timesteps: number, encoderTimesteps: number): void;
  endWindow(trainer: number, encoderTimesteps: number): void;
  readonly lossSum: WebAssembly.Global;
  readonly weightSum: WebAssembly.Global;
  readonly refusedTargetRow: WebAssembly.Global;
  readonly refusedTargetColumn: WebAssembly.Global;
  updateAdam(
    trainer: number,
    clipNorm: number,
    clipValue: number,
    l2: number,
    beta1: number,
    beta2: number,
    rate: number,
    root: number,
    epsilon: number,
    decay: number,
  ): void;
  updateSgd(
    trainer: number,
    clipNorm: number,
    clipValue: number,
    momentum: number,
    nesterov: number,
    rate: number,
    decay: number,
  ): void;
  /** `means`: the address of the means of the gradients, 0 where they are not centered. */
  updateRmsprop(
    trainer: number,
    clipNorm: number,
    clipValue: number,
    l2: number,
    alpha: number,
    epsilon: number,
    momentum: number,
    means: number,
    rate: number,
  ): void;
  roundRowsInt8(from: number, rows: number, k: number, to: number): void;
  unpackF32(panels: number, rows: number, k: number, target: number): void;
}
