import { Loss, Status } from '../../assembly/shared/codes.ts';
import { RivuletError, show } from '../errors.ts';
import type { GraphInput, ModelDefinition } from '../graph/definition.ts';
import { inferShapes } from '../graph/validate.ts';
import { type PlacedPlan, placePlan } from '../plan/place.ts';
import { planModel } from '../plan/plan.ts';
import { columnsOf } from '../plan/writer.ts';
import type { TrainExports } from '../runtime/exports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { mergeBiases, ParameterMap } from './parameters.ts';
import { readPorts } from './ports.ts';
import {
  badTarget,
  type LossName,
  requireWindow,
  type WindowInput,
  type WindowShape,
  windowRefusal,
} from './window.ts';

export interface TrainerOptions {
  /** Streams side by side. */
  readonly batchSize: number;
  /** The most timesteps of a window. */
  readonly unroll: number;
  /** The most timesteps of a source, of a model with an encoder; `unroll` by default. */
  readonly encoderUnroll?: number;
  /** Of the model's only output; `cross-entropy` takes logits. */
  readonly loss: LossName;
  /** Which tensors change; all by default. */
  readonly trainable?: (tensorName: string) => boolean;
  /** 0 … 0.9, of what the input products and the head read; the recurrent path has none. */
  readonly dropout?: number;
  /** Of the dropout masks: 0 … 2⁵³ - 1. */
  readonly seed?: number;
}

/** All that makes the bits of the next window: parameters, moments, carried state, counters. */
export interface TrainerState {
  readonly blocks: ReadonlyMap<string, Float32Array | Uint8Array>;
  readonly numbers: Readonly<Record<string, number>>;
}

export interface AdamStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled (AdamW). */
  readonly weightDecay: number;
  /** Gradients of a larger global norm are scaled down to it; Infinity for no bound. */
  readonly clipNorm: number;
}

export interface SgdStep {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

const LOSSES: Readonly<Record<LossName, Loss>> = {
  'cross-entropy': Loss.CrossEntropy,
  'mean-squared-error': Loss.MeanSquaredError,
};

/** Timesteps of the session that evaluates; odd for the sake of the cache, see RUN_CHUNK in session/model.ts. */
const EVALUATION_CHUNK = 63;

/**
 * A model in training: a private plan whose constants are the parameters, and one block with the streams, the tape, the
 * gradients and the moments. Each method is one or two calls of the module.
 */
export class Trainer {
  readonly runtime: Runtime;
  readonly batchSize: number;
  readonly unroll: number;
  /** 0 without an encoder. */
  readonly encoderUnroll: number;
  readonly parameterCount: number;
  readonly #exports: TrainExports;
  readonly #definition: ModelDefinition;
  readonly #shape: WindowShape;
  readonly #loss: Loss;
  readonly #map: ParameterMap;
  readonly #plan: PlacedPlan;
  readonly #constants: { readonly address: number; readonly bytes: number };
  readonly #stateFloats: number;
  readonly #at: number;
  readonly #session: number;
  readonly #staging: number;
  readonly #dropout: number;
  readonly #seed: number;
  readonly #streams: boolean;
  #evaluation:
    | { readonly session: number; readonly chunk: number; readonly encoderChunk: number }
    | undefined;
  #blocks: number[] = [];
  /** Windows so far, each with its own dropout masks; β₁ᵗ and β₂ᵗ of Adam. */
  #windows = 0;
  #beta1Power = 1;
  #beta2Power = 1;

  /**
   * @param runtime of the module `train`
   * @param definition a float32 model of one input and one output
   * @throws RivuletError `not-supported`, `invalid-argument`, `out-of-memory`, and what a bad definition throws
   */
  constructor(runtime: Runtime, definition: ModelDefinition, options: TrainerOptions) {
    const { input, source, output } = readPorts(definition);
    const { batchSize, unroll, loss, trainable = () => true, dropout = 0, seed = 0 } = options;
    const encoderUnroll = source ? (options.encoderUnroll ?? unroll) : 0;
    requireCount('batchSize', batchSize);
    requireCount('unroll', unroll);
    if (source) requireCount('encoderUnroll', encoderUnroll);
    this.runtime = runtime;
    this.batchSize = batchSize;
    this.unroll = unroll;
    this.encoderUnroll = encoderUnroll;
    this.#exports = runtime.trainExports;
    this.#definition = mergeBiases(definition);
    this.#shape = { input, source, outputSize: output.size, loss, batchSize, unroll, encoderUnroll };
    this.#loss = LOSSES[loss];
    this.#dropout = dropout;
    this.#seed = seed;
    this.#streams = inferShapes(definition).firstNotStreamable === undefined;
    const plan = planModel(this.#definition);
    this.#map = new ParameterMap(plan, this.#definition);
    this.parameterCount = [...this.#map.names]
      .filter(trainable)
      .reduce((sum, name) => sum + this.#definition.tensors.get(name)!.data.length, 0);
    this.#stateFloats = batchSize * plan.states.reduce((sum, { size }) => sum + columnsOf(size), 0);
    this.#plan = placePlan(runtime, plan, this.#definition);
    this.#constants = {
      address: this.#plan.address + plan.constantsOffset,
      bytes: this.#plan.byteLength - plan.constantsOffset,
    };
    this.#blocks.push(this.#plan.address);
    try {
      this.#at = this.#allocateTrainer();
      this.#staging = this.#allocate(this.#stagingBytes(), 'the staging of a training');
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#session = this.#exports.trainerSession(this.#at);
    for (const { offset, bytes } of this.#map.segments(trainable))
      this.#exports.addSegment(this.#at, offset, bytes);
  }

  /**
   * Forward with tape, loss and backward over `timesteps` of all streams; the state is carried on to the next window,
   * unless the model has an encoder: then every window is a sequence of its own.
   *
   * @returns loss: the weighted mean over all rows; gradientNorm: of all trainable parameters, before clipping
   * @throws RivuletError `invalid-target`, `token-out-of-range`, `non-finite-input`, naming timestep and stream,
   *   `invalid-argument`, `wrong-length`: then nothing has changed
   */
  window(window: WindowInput, timesteps: number): { loss: number; gradientNorm: number } {
    requireWindow(this.#shape, window, timesteps);
    const exports = this.#exports;
    const { source } = window;
    this.#writeInputs(this.#session, this.#shape.input, window.inputs, timesteps * this.batchSize, 0);
    this.#writeLengths(exports.lengthsAddress(this.#session), window.lengths, timesteps);
    if (source) {
      this.#writeInputs(
        this.#session,
        this.#shape.source!,
        source.inputs,
        source.timesteps * this.batchSize,
        0,
      );
      this.#writeLengths(exports.memoryLengthsAddress(this.#session), source.lengths, source.timesteps);
    }
    this.#writeTargets(window, timesteps);
    this.#drawMasks();
    const status = exports.backpropagate(this.#at, timesteps, source?.timesteps ?? 0, this.#loss);
    if (status !== Status.Ok) throw windowRefusal(exports, this.#shape, status, window);
    this.#windows++;
    const weightSum = exports.weightSum.value as number;
    return {
      loss: weightSum > 0 ? (exports.lossSum.value as number) / weightSum : 0,
      gradientNorm: exports.trainerNorm(this.#at),
    };
  }

  /** One update by Adam with the gradients of the last window. */
  updateAdam(step: AdamStep): void {
    const { learningRate, beta1, beta2, epsilon, weightDecay, clipNorm } = step;
    this.#beta1Power *= beta1;
    this.#beta2Power *= beta2;
    const rate = learningRate / (1 - this.#beta1Power);
    const root = 1 / Math.sqrt(1 - this.#beta2Power);
    const decay = 1 - learningRate * weightDecay;
    this.#exports.updateAdam(this.#at, beta1, beta2, rate, root, epsilon, decay, clipNorm);
  }

  /** One update by gradient descent with momentum. */
  updateSgd({ learningRate, momentum, weightDecay, clipNorm }: SgdStep): void {
    this.#exports.updateSgd(this.#at, momentum, learningRate, 1 - learningRate * weightDecay, clipNorm);
  }

  /**
   * The initial state, of all streams or of one.
   *
   * @throws RivuletError `invalid-argument`
   */
  resetState(row?: number): void {
    if (row === undefined) {
      this.#exports.trainerReset(this.#at);
      return;
    }
    if (!Number.isInteger(row) || row < 0 || row >= this.batchSize) {
      throw new RivuletError(
        'invalid-argument',
        `row must be an integer from 0 to ${this.batchSize - 1}, got ${show(row)}`,
      );
    }
    this.#exports.trainerResetRow(this.#at, row);
  }

  /**
   * The sum of the losses of one stream from the initial state with the present parameters and no dropout: the bits that a
   * session of the resulting model gives, added in float64 in the order of time.
   *
   * @param before what the timesteps before these gave: the stream goes on from there, not from the initial state
   * @param source what the encoder reads first
   * @throws RivuletError as `window`
   */
  evaluate(
    inputs: Uint32Array | Float32Array,
    targets: Uint32Array | Float32Array,
    timesteps: number,
    before?: { readonly sum: number; readonly rows: number },
    source?: { readonly inputs: Uint32Array | Float32Array; readonly timesteps: number },
  ): { sum: number; rows: number } {
    const chunk = this.#streams ? EVALUATION_CHUNK : timesteps;
    requireAtMost('timesteps', chunk, Math.max(EVALUATION_CHUNK, this.unroll));
    if (source) requireAtMost('source.timesteps', source.timesteps, this.encoderUnroll);
    const session = this.#evaluator(chunk, source?.timesteps ?? 0, before !== undefined);
    if (!before) this.#exports.sessionReset(session);
    if (source) this.#encode(session, source);
    let sum = before?.sum ?? 0;
    for (let from = 0; from < timesteps; from += chunk) {
      const count = Math.min(chunk, timesteps - from);
      this.#writeInputs(session, this.#shape.input, inputs, count, from);
      const status = this.#exports.sequence(session, count, 0);
      if (status !== Status.Ok) {
        const window = { inputs, targets };
        throw windowRefusal(this.#exports, this.#shape, status, window, from, 1);
      }
      sum = this.#addLosses(sum, session, targets, from, count);
    }
    return { sum, rows: (before?.rows ?? 0) + timesteps };
  }

  /** The parameters by the names of their tensors, row-major; copies. */
  parameters(): Map<string, Float32Array> {
    return this.#map.read(this.runtime, this.#constants.address, this.#staging);
  }

  /** Their gradients in the last window, likewise. */
  gradients(): Map<string, Float32Array> {
    return this.#map.read(this.runtime, this.#exports.trainerGradients(this.#at), this.#staging);
  }

  /** The model as it is trained so far. */
  definition(): ModelDefinition {
    const tensors = new Map(this.#definition.tensors);
    for (const [name, data] of this.parameters())
      tensors.set(name, { dtype: 'F32', shape: tensors.get(name)!.shape, data });
    return { ...this.#definition, tensors };
  }

  save(): TrainerState {
    const blocks = new Map<string, Float32Array>();
    for (const [name, at, floats] of this.#savedBlocks())
      blocks.set(name, this.runtime.floats.slice(at >> 2, (at >> 2) + floats));
    blocks.set('fresh', Float32Array.from(this.#fresh));
    const numbers = {
      windows: this.#windows,
      beta1Power: this.#beta1Power,
      beta2Power: this.#beta2Power,
    };
    return { blocks, numbers };
  }

  /** @throws RivuletError `checkpoint-mismatch` where the state is of another model or batch size */
  restore({ blocks, numbers }: TrainerState): void {
    const expected = [
      ...this.#savedBlocks().map(([name, , floats]) => [name, floats] as const),
      ['fresh', this.batchSize] as const,
    ];
    for (const [name, floats] of expected) {
      const length = blocks.get(name)?.length;
      if (length !== floats) {
        throw new RivuletError(
          'checkpoint-mismatch',
          `the state of the training: expected ${floats} values of ${name}, got ${show(length)}: ` +
            'it belongs to another model or batch size',
        );
      }
    }
    for (const [name, at] of this.#savedBlocks())
      this.runtime.floats.set(blocks.get(name) as Float32Array, at >> 2);
    this.#fresh.set(blocks.get('fresh')!);
    this.#windows = numbers.windows!;
    this.#beta1Power = numbers.beta1Power!;
    this.#beta2Power = numbers.beta2Power!;
  }

  /** Frees its memory. A disposed trainer must not be used. */
  dispose(): void {
    for (const block of this.#blocks) this.runtime.free(block);
    this.#blocks = [];
  }

  get #stateAt(): number {
    return this.#exports.stateAddress(this.#session, 0);
  }

  /** Which streams are at their beginning. */
  get #fresh(): Uint32Array {
    const at = this.#exports.trainerFresh(this.#at) >> 2;
    return this.runtime.words.subarray(at, at + this.batchSize);
  }

  #savedBlocks(): [name: string, address: number, floats: number][] {
    const floats = this.#constants.bytes >> 2;
    const moments = this.#exports.trainerFirstMoments(this.#at);
    return [
      ['parameters', this.#constants.address, floats],
      ['moments', moments, floats],
      ['secondMoments', this.#exports.trainerSecondMoments(this.#at), floats],
      ['state', this.#stateFloats === 0 ? moments : this.#stateAt, this.#stateFloats],
    ];
  }

  #allocate(bytes: number, what: string): number {
    const block = this.runtime.allocate(bytes, what);
    this.#blocks.push(block);
    return block;
  }

  #allocateTrainer(): number {
    const bytes =
      this.#exports.trainerBytes(this.#plan.address, this.batchSize, this.unroll, this.encoderUnroll) >>> 0;
    const what = `a training of ${this.batchSize} streams × ${this.unroll} timesteps`;
    const block = this.#allocate(bytes, what);
    this.#exports.trainerInit(block, this.#plan.address, this.batchSize, this.unroll, this.encoderUnroll);
    return block;
  }

  /** Room for the inputs of a window, the outputs of a chunk, or the largest tensor. */
  #stagingBytes(): number {
    const { input, source, outputSize } = this.#shape;
    const sizeOf = (port: GraphInput | undefined) => (port?.kind === 'features' ? port.size : 0);
    const inputs =
      this.batchSize * Math.max(this.unroll * sizeOf(input), this.encoderUnroll * sizeOf(source));
    const chunk = (Math.max(EVALUATION_CHUNK, this.unroll) + 1) * Math.max(input.size, 2 * outputSize);
    const tensors = [...this.#definition.tensors.values()].map(({ data }) => data.length);
    return 4 * Math.max(inputs, chunk, ...tensors);
  }

  #writeInputs(
    session: number,
    { name, kind, size }: GraphInput,
    inputs: Uint32Array | Float32Array,
    rows: number,
    from: number,
  ): void {
    const isSource = name === this.#shape.source?.name;
    const buffer = this.#exports.inputAddress(session, isSource ? 1 : 0);
    if (kind === 'tokens') {
      this.runtime.words.set(inputs.subarray(from, from + rows), buffer >> 2);
      return;
    }
    const stride = isSource ? this.#exports.encoderStride(session) : this.#exports.panelStride(session);
    this.runtime.floats.set(inputs.subarray(from * size, (from + rows) * size), this.#staging >> 2);
    this.#exports.panelsFromRows(this.#staging, rows, size, buffer, stride);
  }

  #writeLengths(at: number, lengths: ArrayLike<number> | undefined, timesteps: number): void {
    for (let row = 0; row < this.batchSize; row++)
      this.runtime.words[(at >> 2) + row] = lengths?.[row] ?? timesteps;
  }

  /** Targets, and the weights of their rows: nothing behind the end of a stream. */
  #writeTargets({ targets, weights, lengths }: WindowInput, timesteps: number): void {
    const { batchSize } = this;
    const rows = timesteps * batchSize;
    const at = this.#exports.trainerTargets(this.#at) >> 2;
    if (this.#loss === Loss.CrossEntropy) this.runtime.words.set(targets.subarray(0, rows), at);
    else this.runtime.floats.set(targets.subarray(0, rows * this.#shape.outputSize), at);
    const weightsAt = this.#exports.trainerWeights(this.#at) >> 2;
    if (weights) this.runtime.floats.set(weights.subarray(0, rows), weightsAt);
    else this.runtime.floats.fill(1, weightsAt, weightsAt + rows);
    if (!lengths) return;
    for (let row = 0; row < rows; row++) {
      if (Math.floor(row / batchSize) >= lengths[row % batchSize]!) this.runtime.floats[weightsAt + row] = 0;
    }
  }

  #drawMasks(): void {
    const threshold = Math.round(this.#dropout * 65536);
    const scale = 65536 / (65536 - threshold);
    const seedHigh = Math.floor(this.#seed / 2 ** 32);
    this.#exports.setDropout(this.#at, threshold, scale, this.#seed >>> 0, seedHigh, this.#windows);
  }

  /** A session of one stream and at least so many timesteps; one that shall go on is there already. */
  #evaluator(chunk: number, encoderChunk: number, goesOn: boolean): number {
    const old = this.#evaluation;
    if (old && (goesOn || (old.chunk >= chunk && old.encoderChunk >= encoderChunk))) return old.session;
    if (old) {
      this.runtime.free(old.session);
      this.#blocks.splice(this.#blocks.indexOf(old.session), 1);
      this.#evaluation = undefined;
    }
    const most = Math.max(encoderChunk, this.encoderUnroll);
    const bytes = this.#exports.sessionBytes(this.#plan.address, 1, chunk, most) >>> 0;
    const session = this.#allocate(bytes, 'the evaluation of a training');
    this.#exports.sessionInit(session, this.#plan.address, 1, chunk, most);
    this.#evaluation = { session, chunk, encoderChunk: most };
    return session;
  }

  #encode(session: number, source: NonNullable<WindowInput['source']>): void {
    this.#writeInputs(session, this.#shape.source!, source.inputs, source.timesteps, 0);
    const status = this.#exports.encode(session, source.timesteps, 0);
    if (status === Status.Ok) return;
    const window = { inputs: source.inputs, targets: source.inputs, source };
    throw windowRefusal(this.#exports, this.#shape, status, window, 0, 1);
  }

  /** Adds the losses of a chunk, row by row. */
  #addLosses(
    sum: number,
    session: number,
    targets: Uint32Array | Float32Array,
    from: number,
    count: number,
  ): number {
    const exports = this.#exports;
    const n = this.#shape.outputSize;
    const rows = this.#staging;
    const scratch = rows + 4 * count * n;
    const output = exports.outputAddress(session, 0);
    exports.rowsFromPanels(output, exports.panelStride(session), count, n, rows);
    for (let i = 0; i < count; i++) {
      const row = rows + 4 * n * i;
      if (this.#loss === Loss.CrossEntropy) {
        const target = targets[from + i]!;
        if (target >= n) throw badTarget(this.#shape, target, from + i, 0, 0);
        sum += exports.crossEntropy(row, n, target, scratch);
      } else {
        this.runtime.floats.set(targets.subarray((from + i) * n, (from + i + 1) * n), scratch >> 2);
        sum += exports.meanSquaredBackward(row, n, scratch, 0);
      }
    }
    return sum;
  }
}

function requireCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new RivuletError('invalid-argument', `${name} must be an integer of at least 1, got ${show(count)}`);
}

function requireAtMost(name: string, count: number, most: number): void {
  if (count <= most) return;
  throw new RivuletError(
    'invalid-argument',
    `${name}: this model is evaluated over whole sequences, of at most ${most} timesteps, got ${count}`,
  );
}
