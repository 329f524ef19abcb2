import { Status } from '../../assembly/shared/codes.ts';
import { type Float32Tensor, factorNames, type LowRank } from '../adapters/low-rank.ts';
import { mergeLowRank } from '../adapters/merge.ts';
import { RivuletError, show } from '../errors.ts';
import type { GraphInput, ModelDefinition } from '../graph/definition.ts';
import { inferShapes } from '../graph/validate.ts';
import { type PlacedPlan, placePlan } from '../plan/place.ts';
import { planModel } from '../plan/plan.ts';
import { columnsOf } from '../plan/writer.ts';
import type { QuantizeOptions } from '../quantize/quantize.ts';
import type { TrainExports } from '../runtime/exports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { cutSegments, fitSegments, type Segment, type Segments } from './budget.ts';
import { Criterion } from './criterion.ts';
import { type DropoutOptions, type ResolvedDropout, resolveDropout } from './dropout.ts';
import { requireLabels } from './labels.ts';
import type { TargetKind } from './losses/loss.ts';
import {
  type LossName,
  type LossOptions,
  lossDefinition,
  readLoss,
  requireLossFits,
} from './losses/table.ts';
import { type OptimizerStep, updateBy } from './optimizers/table.ts';
import { mergeBiases, ParameterMap } from './parameters.ts';
import { readPorts } from './ports.ts';
import { type Region, Rounding } from './rounding.ts';
import { requireWindow, type WindowInput, type WindowShape, windowRefusal } from './window.ts';

export interface TrainerOptions {
  /** Streams side by side. */
  readonly batchSize: number;
  /** The most timesteps of a window. */
  readonly unroll: number;
  /** The most timesteps of a source, of a model with an encoder; `unroll` by default. */
  readonly encoderUnroll?: number;
  /** Of the model's only output. */
  readonly loss: LossName | LossOptions;
  /** Which tensors change; all by default, and with adapters only theirs. */
  readonly trainable?: (tensorName: string) => boolean;
  /** Low-rank changes of matrices, as they are at first; their tensors are called as `factorNames` says. */
  readonly adapters?: LowRank;
  /** 0 … 0.9, of what the input products and the head read; the recurrent path has none. */
  readonly dropout?: number | DropoutOptions;
  /**
   * Windows and evaluations run with the matrices rounded as `quantize` will round them, for one more copy of the
   * parameters in memory; `parameters` and `definition` give the weights that they are rounded from.
   */
  readonly quantizationAware?: QuantizeOptions;
  /** Of the dropout masks: 0 … 2⁵³ - 1. */
  readonly seed?: number;
  /**
   * The most bytes for all that a window needs besides the parameters, their gradients and moments: tape, buffers and their
   * gradients, checkpoints. A window of more than 64 timesteps that does not fit keeps the tapes of its last segments and
   * runs each of the others forward a second time; the bits are the same. No bound by default.
   */
  readonly memoryBudget?: number;
  /** Whether every window leaves `stateGradientNorms`; false by default. */
  readonly watchStates?: boolean;
}

/** All that makes the bits of the next window: parameters, moments, carried state, counters. */
export interface TrainerState {
  readonly blocks: ReadonlyMap<string, Float32Array | Uint8Array>;
  readonly numbers: Readonly<Record<string, number>>;
}

/** Losses added up: Σ weight × loss over the rows, and Σ weight. A row weighs 1 unless the loss says otherwise. */
export interface LossSums {
  readonly sum: number;
  readonly weight: number;
}

/** Timesteps of the session that evaluates; odd for the sake of the cache, see RUN_CHUNK in session/model.ts. */
const EVALUATION_CHUNK = 63;

/**
 * A model in training: a private plan whose constants are the parameters, and one block with the streams, the tape, the
 * gradients and the moments. Each method is a few calls of the module, a window some for each segment.
 */
export class Trainer {
  readonly runtime: Runtime;
  readonly batchSize: number;
  readonly unroll: number;
  /** 0 without an encoder. */
  readonly encoderUnroll: number;
  readonly parameterCount: number;
  readonly #exports: TrainExports;
  /** As it was given. */
  readonly #base: ModelDefinition;
  /** What the parameters are, by name. */
  readonly #definition: ModelDefinition;
  readonly #adapters: LowRank | undefined;
  readonly #shape: WindowShape;
  readonly #targets: TargetKind;
  readonly #map: ParameterMap;
  readonly #plan: PlacedPlan;
  readonly #constants: Region;
  /** Of all streams, each state padded to whole panels. */
  readonly stateFloats: number;
  /** Of the plan's states, in their order. */
  readonly #stateNames: readonly string[];
  /** f64[states][timesteps]; 0 where nobody watches. */
  readonly #norms: number;
  readonly #at: number;
  readonly #criterion: Criterion;
  /** That of the first segment, which holds the carried state between windows. */
  readonly #session: number;
  readonly #segments: Segments;
  #staging: number;
  #stagedTimesteps: number;
  readonly #dropout: ResolvedDropout;
  readonly #rounding: Rounding | undefined;
  readonly #seed: number;
  readonly #streams: boolean;
  #evaluation:
    | { readonly session: number; readonly chunk: number; readonly encoderChunk: number }
    | undefined;
  #blocks: number[] = [];
  /** Windows so far, each with its own dropout masks. */
  #windows = 0;
  /** β₁ᵗ and β₂ᵗ of Adam. */
  readonly #powers = { beta1: 1, beta2: 1 };
  /** Their address, 0 where no optimizer has asked for them. */
  #thirdMoments = 0;

  /**
   * @param runtime of the module `train`
   * @param definition a float32 model of one input and one output
   * @throws RivuletError `not-supported`, `invalid-argument`, `out-of-memory`, and what a bad definition throws
   */
  constructor(runtime: Runtime, definition: ModelDefinition, options: TrainerOptions) {
    const { input, source, output } = readPorts(definition);
    const { batchSize, unroll, adapters, dropout = 0, seed = 0 } = options;
    const loss = readLoss(options.loss);
    requireLossFits(loss, output);
    const factors = factorTensors(adapters);
    const trainable = options.trainable ?? ((name: string) => !adapters || factors.has(name));
    const encoderUnroll = source ? (options.encoderUnroll ?? unroll) : 0;
    requireCount('batchSize', batchSize);
    requireCount('unroll', unroll);
    if (source) requireCount('encoderUnroll', encoderUnroll);
    this.runtime = runtime;
    this.batchSize = batchSize;
    this.unroll = unroll;
    this.encoderUnroll = encoderUnroll;
    this.#exports = runtime.trainExports;
    this.#base = definition;
    this.#adapters = adapters;
    const merged = mergeBiases(definition);
    this.#definition = { ...merged, tensors: new Map([...merged.tensors, ...factors]) };
    this.#shape = { input, source, outputSize: output.size, loss, batchSize, unroll, encoderUnroll };
    this.#targets = lossDefinition(loss.type).targets;
    this.#dropout = resolveDropout(dropout);
    this.#seed = seed;
    this.#streams = inferShapes(definition).firstNotStreamable === undefined;
    const plan = planModel(
      this.#definition,
      adapters && { rank: adapters.rank, matrices: [...adapters.factors.keys()], trained: adapters },
    );
    this.#map = new ParameterMap(plan, this.#definition);
    this.parameterCount = [...this.#map.names]
      .filter(trainable)
      .reduce((sum, name) => sum + this.#definition.tensors.get(name)!.data.length, 0);
    this.stateFloats = batchSize * plan.states.reduce((sum, { size }) => sum + columnsOf(size), 0);
    this.#stateNames = plan.states.map(({ name }) => name);
    this.#plan = placePlan(runtime, plan, this.#definition);
    this.#constants = {
      address: this.#plan.address + plan.constantsOffset,
      bytes: this.#plan.byteLength - plan.constantsOffset,
    };
    this.#blocks.push(this.#plan.address);
    try {
      this.#segments = fitSegments(
        this.#exports,
        this.#plan.address,
        definition,
        loss,
        options,
        encoderUnroll,
      );
      this.#norms = options.watchStates ? this.#allocate(this.#normBytes, 'the norms of gradients') : 0;
      this.#at = this.#allocateTrainer();
      this.#stagedTimesteps = this.evaluatesWhole ? Math.max(EVALUATION_CHUNK, unroll) : EVALUATION_CHUNK;
      const staging = this.#stagingBytes(this.#stagedTimesteps);
      this.#staging = this.#allocate(staging, 'the staging of a training');
      this.#criterion = new Criterion(runtime, loss, output.size);
      this.#rounding = this.#makeRounding(options.quantizationAware);
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#exports.setCriterion(this.#at, this.#criterion.address);
    this.#session = this.#exports.trainerSession(this.#at);
    for (const { offset, bytes } of this.#map.segments(trainable))
      this.#exports.addSegment(this.#at, offset, bytes);
    if (![...this.#map.names].every(trainable)) this.#exports.freeze(this.#at);
  }

  /**
   * Forward with tape, loss and backward over `timesteps` of all streams; the state is carried on to the next window,
   * unless the model has an encoder: then every window is a sequence of its own.
   *
   * @returns loss: the weighted mean over all rows, 0 where none weighs anything; weight: Σ of their weights; gradientNorm:
   *   of all trainable parameters, before clipping
   * @throws RivuletError `invalid-target`, `token-out-of-range`, `non-finite-input`, naming timestep and stream,
   *   `invalid-argument`, `wrong-length`: then nothing has changed
   */
  window(window: WindowInput, timesteps: number): { loss: number; weight: number; gradientNorm: number } {
    requireWindow(this.#shape, window, timesteps);
    this.#drawMasks();
    const segments = cutSegments(timesteps, this.#segments.length);
    for (const segment of segments) this.#forward(window, segment);
    for (const segment of segments.reverse()) {
      this.#backward(window, segment, segments.length);
    }
    this.#exports.endWindow(this.#at, window.source?.timesteps ?? 0);
    this.#windows++;
    const { sum, weight } = this.#sums;
    return { loss: weight > 0 ? sum / weight : 0, weight, gradientNorm: this.#exports.trainerNorm(this.#at) };
  }

  /**
   * One update with the gradients of the last window. Optimizers share the moments: who takes one after another goes on
   * with what that one left.
   *
   * @throws RivuletError `out-of-memory`, with the first update by centered RMSprop
   */
  update(step: OptimizerStep): void {
    const thirdMoments = () => this.#allocateThirdMoments();
    updateBy({ exports: this.#exports, at: this.#at, powers: this.#powers, thirdMoments }, step);
    this.#rounding?.round();
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
   * The losses of one stream from the initial state with the present parameters and no dropout: the bits that a
   * session of the resulting model gives, added in float64 in the order of time. CTC takes a whole sequence and its labels,
   * and gives one loss of weight 1.
   *
   * @param before what the timesteps before these gave: the stream goes on from there, not from the initial state
   * @param source what the encoder reads first
   * @throws RivuletError as `window`
   */
  evaluate(
    inputs: Uint32Array | Float32Array,
    targets: Uint32Array | Float32Array,
    timesteps: number,
    before?: LossSums,
    source?: { readonly inputs: Uint32Array | Float32Array; readonly timesteps: number },
  ): LossSums {
    const chunk = this.evaluatesWhole ? timesteps : EVALUATION_CHUNK;
    this.#reserveStaging(chunk);
    if (source) requireAtMost('source.timesteps', source.timesteps, this.encoderUnroll);
    const session = this.#evaluator(chunk, source?.timesteps ?? 0, before !== undefined);
    if (!before) this.#exports.sessionReset(session);
    if (source) this.#encode(session, source);
    let sums = before ?? { sum: 0, weight: 0 };
    for (let from = 0; from < timesteps; from += chunk) {
      const count = Math.min(chunk, timesteps - from);
      this.#writeInputs(session, this.#shape.input, inputs, count, from);
      const status = this.#exports.sequence(session, count, 0);
      if (status !== Status.Ok) {
        const window = { inputs, targets };
        throw windowRefusal(this.#exports, this.#shape, status, window, from, 1);
      }
      sums = this.#addLosses(sums, session, { inputs, targets }, from, count);
    }
    return sums;
  }

  /** Whether `evaluate` takes whole sequences only: for CTC, and where a node needs what comes after a timestep. */
  get evaluatesWhole(): boolean {
    return !this.#streams || this.#targets === 'labels';
  }

  /**
   * The only stream goes on: forward, nothing learnt.
   *
   * @throws RivuletError as `window`
   */
  advance(inputs: Uint32Array | Float32Array, timesteps: number): void {
    for (const { from, timesteps: count } of cutSegments(timesteps, this.#segments.length)) {
      this.#writeInputs(this.#session, this.#shape.input, inputs, count, from);
      const status = this.#exports.sequence(this.#session, count, 0);
      if (status !== Status.Ok) {
        throw windowRefusal(this.#exports, this.#shape, status, { inputs, targets: inputs }, from, 1);
      }
      this.#fresh.fill(0);
    }
  }

  /**
   * The streams back to where they were before `timestep` of the last window, so that the next one overlaps it. Without a
   * memoryBudget.
   *
   * @param timestep 0 … that of the window's last
   * @param fresh whether they are in the initial state there
   */
  rewind(timestep: number, fresh: boolean): void {
    this.#exports.trainerRewind(this.#at, timestep);
    this.#fresh.fill(fresh ? 1 : 0);
  }

  /** The loss of one row of outputs, in the bits of `evaluate`; 0 of one that does not count. */
  lossOf(output: Float32Array, target: Uint32Array | Float32Array): number {
    const exports = this.#exports;
    const columns = columnsOf(this.#shape.outputSize);
    const [targetAt, at] = [this.#staging, this.#staging + 4 * columns];
    this.runtime.floats.set(output, at >> 2); // one row in panels is a plain vector
    this.#writeRows(targetAt >> 2, target, 0, 1);
    const status = exports.evaluateRows(this.#criterion.address, at, 64, 1, targetAt, 0, 0);
    if (status !== Status.Ok)
      throw windowRefusal(exports, this.#shape, status, { inputs: output, targets: target }, 0, 1);
    const { sum, weight } = this.#sums;
    return weight > 0 ? sum / weight : 0;
  }

  /** @internal Where the plan and the trainer lie. */
  get addresses(): { readonly plan: number; readonly trainer: number } {
    return { plan: this.#plan.address, trainer: this.#at };
  }

  /** The parameters by the names of their tensors, row-major; copies. */
  parameters(): Map<string, Float32Array> {
    return this.#map.read(this.runtime, this.#weights.address, this.#staging);
  }

  /** Their gradients in the last window, likewise. */
  gradients(): Map<string, Float32Array> {
    return this.#map.read(this.runtime, this.#exports.trainerGradients(this.#at), this.#staging);
  }

  /** The adapters as they are trained so far. */
  adapters(): LowRank | undefined {
    if (!this.#adapters) return undefined;
    const { rank, alpha, factors } = this.#adapters;
    const parameters = this.parameters();
    const trained = [...factors].map(([matrix, { a, b }]) => {
      const names = factorNames(matrix);
      const now = {
        a: { ...a, data: parameters.get(names.a)! },
        b: { ...b, data: parameters.get(names.b)! },
      };
      return [matrix, now] as const;
    });
    return { rank, alpha, factors: new Map(trained) };
  }

  /**
   * With `watchStates`, of the last window and of each state of the main section, as `lstm.h`: ‖dL/dh‖ behind every
   * timestep, over all streams and units, through all that reads the state.
   */
  stateGradientNorms(timesteps: number): Map<string, Float64Array> {
    const row = this.#normBytes / this.#stateNames.length;
    const { buffer } = this.runtime.exports.memory;
    return new Map(
      this.#stateNames.map((name, i) => [
        name,
        new Float64Array(buffer, this.#norms + i * row, timesteps).slice(),
      ]),
    );
  }

  /** The model as it is trained so far, adapters merged into it. */
  definition(): ModelDefinition {
    const adapters = this.adapters();
    if (adapters) return mergeLowRank(this.#base, adapters);
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
      beta1Power: this.#powers.beta1,
      beta2Power: this.#powers.beta2,
    };
    return { blocks, numbers };
  }

  /** @throws RivuletError `checkpoint-mismatch` where the state is of another model or batch size */
  restore({ blocks, numbers }: TrainerState): void {
    const hasThird = blocks.has('thirdMoments');
    if (hasThird) this.#allocateThirdMoments();
    const saved = this.#savedBlocks().filter(([name]) => name !== 'thirdMoments' || hasThird);
    const expected = [
      ...saved.map(([name, , floats]) => [name, floats] as const),
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
    if (this.#thirdMoments && !hasThird) this.#zero(this.#thirdMoments);
    for (const [name, at] of saved) this.runtime.floats.set(blocks.get(name) as Float32Array, at >> 2);
    this.#rounding?.round();
    this.#fresh.set(blocks.get('fresh')!);
    this.#windows = numbers.windows!;
    this.#powers.beta1 = numbers.beta1Power!;
    this.#powers.beta2 = numbers.beta2Power!;
  }

  /** The weights as an update changes them, laid out as the plan's constants; a copy. */
  copyWeights(): Float32Array {
    const { address, bytes } = this.#weights;
    return this.runtime.floats.slice(address >> 2, (address + bytes) >> 2);
  }

  /** @param weights as `copyWeights` of a trainer of the same model gave them */
  setWeights(weights: Float32Array): void {
    this.runtime.floats.set(weights, this.#weights.address >> 2);
    this.#rounding?.round();
  }

  /** Frees its memory. A disposed trainer must not be used. */
  dispose(): void {
    if (this.#blocks.length > 0) this.#criterion?.free();
    for (const block of this.#blocks) this.runtime.free(block);
    this.#blocks = [];
  }

  /** What an update changes. */
  get #weights(): Region {
    return this.#rounding?.master ?? this.#constants;
  }

  get #normBytes(): number {
    const { length, count } = this.#segments;
    return 8 * length * count * this.#stateNames.length;
  }

  get #stateAt(): number {
    return this.#exports.stateAddress(this.#session, 0);
  }

  /** Which streams are at their beginning. */
  get #fresh(): Uint32Array {
    const at = this.#exports.trainerFresh(this.#at) >> 2;
    return this.runtime.words.subarray(at, at + this.batchSize);
  }

  #savedBlocks(): (readonly [name: string, address: number, floats: number])[] {
    const floats = this.#constants.bytes >> 2;
    const moments = this.#exports.trainerFirstMoments(this.#at);
    return [
      ['parameters', this.#weights.address, floats],
      ['moments', moments, floats],
      ['secondMoments', this.#exports.trainerSecondMoments(this.#at), floats],
      ['state', this.stateFloats === 0 ? moments : this.#stateAt, this.stateFloats],
      ...(this.#thirdMoments ? ([['thirdMoments', this.#thirdMoments, floats]] as const) : []),
    ];
  }

  #allocate(bytes: number, what: string): number {
    const block = this.runtime.allocate(bytes, what);
    this.#blocks.push(block);
    return block;
  }

  #free(block: number): void {
    this.runtime.free(block);
    this.#blocks.splice(this.#blocks.indexOf(block), 1);
  }

  #makeRounding(options: QuantizeOptions | undefined): Rounding | undefined {
    if (!options) return undefined;
    const master = this.#allocate(this.#constants.bytes, 'the weights behind the rounded ones');
    this.#exports.setMaster(this.#at, master);
    return new Rounding(this.runtime, this.#definition, this.#map, this.#constants, master, options);
  }

  /** Zero, where there are none yet. */
  #allocateThirdMoments(): number {
    if (this.#thirdMoments === 0) {
      this.#thirdMoments = this.#allocate(this.#constants.bytes, 'the third moment of an optimizer');
      this.#zero(this.#thirdMoments);
    }
    return this.#thirdMoments;
  }

  /** A block as large as the constants. */
  #zero(at: number): void {
    this.runtime.bytes.fill(0, at, at + this.#constants.bytes);
  }

  #allocateTrainer(): number {
    const { length, count, resident } = this.#segments;
    const encoderLength = this.encoderUnroll;
    const shape = [this.#plan.address, this.batchSize, length, encoderLength, count, resident] as const;
    const what = `a training of ${this.batchSize} streams × ${this.unroll} timesteps`;
    const block = this.#allocate(this.#exports.trainerBytes(...shape) >>> 0, what);
    this.#exports.trainerInit(block, ...shape, this.#norms);
    return block;
  }

  /** Room for the inputs and targets of so many timesteps of one stream. */
  #reserveStaging(timesteps: number): void {
    if (timesteps <= this.#stagedTimesteps) return;
    const bytes = this.#stagingBytes(timesteps);
    const staging = this.#allocate(bytes, `the evaluation of ${timesteps} timesteps`);
    this.#free(this.#staging);
    this.#staging = staging;
    this.#stagedTimesteps = timesteps;
  }

  /** Room for the inputs of a segment, the inputs or targets of what is evaluated at once, or the largest tensor. */
  #stagingBytes(timesteps: number): number {
    const { input, source, outputSize } = this.#shape;
    const sizeOf = (port: GraphInput | undefined) => (port?.kind === 'features' ? port.size : 0);
    const inputs =
      this.batchSize * Math.max(this.#segments.length * sizeOf(input), this.encoderUnroll * sizeOf(source));
    const chunk = (timesteps + 1) * Math.max(sizeOf(input), outputSize);
    const tensors = [...this.#definition.tensors.values()].map(({ data }) => data.length);
    return 4 * Math.max(inputs, chunk, ...tensors);
  }

  /** A segment of the window, forward; it is the source of a refusal. */
  #forward(window: WindowInput, segment: Segment): void {
    const { source } = window;
    const exports = this.#exports;
    const { index, from, timesteps } = segment;
    const session = this.#enter(window, segment);
    if (source) {
      const rows = source.timesteps * this.batchSize;
      this.#writeInputs(session, this.#shape.source!, source.inputs, rows, 0);
      this.#writeLengths(exports.memoryLengthsAddress(session), source.lengths, 0, source.timesteps);
    }
    this.#writeTargets(window, segment);
    const status = exports.forwardChunk(this.#at, index, timesteps, source?.timesteps ?? 0);
    if (status !== Status.Ok) throw windowRefusal(exports, this.#shape, status, window, from);
  }

  /** A segment of a window of `count`, backward, when all have gone forward. */
  #backward(window: WindowInput, segment: Segment, count: number): void {
    const { index, timesteps } = segment;
    if (index < count - this.#segments.resident) {
      this.#enter(window, segment);
      this.#exports.repeatChunk(this.#at, index, timesteps);
    } else this.#exports.enterChunk(this.#at, index);
    if (index < count - 1) this.#writeTargets(window, segment);
    const encoderTimesteps = window.source?.timesteps ?? 0;
    this.#exports.backwardChunk(this.#at, index, timesteps, encoderTimesteps);
  }

  /** Writes what a segment reads; @returns its session */
  #enter({ inputs, lengths }: WindowInput, { index, from, timesteps }: Segment): number {
    this.#exports.enterChunk(this.#at, index);
    const session = this.#exports.trainerSession(this.#at);
    const rows = timesteps * this.batchSize;
    this.#writeInputs(session, this.#shape.input, inputs, rows, from * this.batchSize);
    this.#writeLengths(this.#exports.lengthsAddress(session), lengths, from, timesteps);
    return session;
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

  /** Of `timesteps` timesteps from `from` on, those of each stream. */
  #writeLengths(at: number, lengths: ArrayLike<number> | undefined, from: number, timesteps: number): void {
    for (let row = 0; row < this.batchSize; row++) {
      const rest = (lengths?.[row] ?? Infinity) - from;
      this.runtime.words[(at >> 2) + row] = Math.max(0, Math.min(rest, timesteps));
    }
  }

  /** Targets, and the weights of their rows: nothing behind the end of a stream. */
  #writeTargets(window: WindowInput, { from, timesteps }: Segment): void {
    const { batchSize } = this;
    const { targets, weights, lengths } = window;
    const [first, rows] = [from * batchSize, timesteps * batchSize];
    const at = this.#exports.trainerTargets(this.#at) >> 2;
    if (this.#targets === 'labels') this.#writeLabels(at, window, timesteps);
    else this.#writeRows(at, targets, first, rows);
    const { floats } = this.runtime;
    const weightsAt = this.#exports.trainerWeights(this.#at) >> 2;
    if (weights) floats.set(weights.subarray(first, first + rows), weightsAt);
    else floats.fill(1, weightsAt, weightsAt + rows);
    if (!lengths) return;
    for (let row = 0; row < rows; row++) {
      if (from + Math.floor(row / batchSize) >= lengths[row % batchSize]!) floats[weightsAt + row] = 0;
    }
  }

  /** The targets of `count` rows from row `from` on, to word `at`. */
  #writeRows(at: number, targets: WindowInput['targets'], from: number, count: number): void {
    const isClasses = this.#targets === 'classes';
    const width = isClasses ? 1 : this.#shape.outputSize;
    const { words, floats } = this.runtime;
    (isClasses ? words : floats).set(targets.subarray(from * width, (from + count) * width), at);
  }

  /** How many labels each stream has, then all of them; and room for the sequences. */
  #writeLabels(at: number, { targets, targetLengths }: WindowInput, timesteps: number): void {
    const counts = Array.from(targetLengths!);
    const all = counts.reduce((sum, count) => sum + count, 0);
    this.#criterion.reserve(timesteps, Math.max(...counts));
    this.runtime.words.set(counts, at);
    this.runtime.words.set(targets.subarray(0, all), at + counts.length);
  }

  #drawMasks(): void {
    const { inputs, outputs, variational } = this.#dropout;
    const threshold = (share: number) => Math.round(share * 65536);
    const seedHigh = Math.floor(this.#seed / 2 ** 32);
    const masks = [threshold(inputs), threshold(outputs), variational ? 1 : 0] as const;
    this.#exports.setDropout(this.#at, ...masks, this.#seed >>> 0, seedHigh, this.#windows);
  }

  /** A session of one stream and at least so many timesteps; one that shall go on is there already. */
  #evaluator(chunk: number, encoderChunk: number, goesOn: boolean): number {
    const old = this.#evaluation;
    if (old && (goesOn || (old.chunk >= chunk && old.encoderChunk >= encoderChunk))) return old.session;
    if (old) {
      this.#free(old.session);
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
    { sum, weight }: LossSums,
    session: number,
    window: WindowInput,
    from: number,
    count: number,
  ): LossSums {
    const { targets } = window;
    const exports = this.#exports;
    const at = this.#staging >> 2;
    if (this.#targets === 'labels') {
      const labels = targets as Uint32Array;
      requireLabels(labels, count, this.#shape.loss, this.#shape.outputSize, 'targets');
      this.#writeLabels(at, { ...window, targetLengths: [labels.length] }, count);
    } else this.#writeRows(at, targets, from, count);
    const output = exports.outputAddress(session, 0);
    const stride = exports.panelStride(session);
    const { address } = this.#criterion;
    const status = exports.evaluateRows(address, output, stride, count, this.#staging, sum, weight);
    if (status !== Status.Ok) throw windowRefusal(exports, this.#shape, status, window, from, 1);
    return this.#sums;
  }

  get #sums(): LossSums {
    const { lossSum, weightSum } = this.#exports;
    return { sum: lossSum.value as number, weight: weightSum.value as number };
  }
}

function factorTensors(adapters: LowRank | undefined): ReadonlyMap<string, Float32Tensor> {
  const tensors = new Map<string, Float32Tensor>();
  for (const [matrix, { a, b }] of adapters?.factors ?? []) {
    const names = factorNames(matrix);
    tensors.set(names.a, a).set(names.b, b);
  }
  return tensors;
}

function requireCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new RivuletError('invalid-argument', `${name} must be an integer of at least 1, got ${show(count)}`);
}

function requireAtMost(name: string, count: number, most: number): void {
  if (count <= most) return;
  throw new RivuletError(
    'invalid-argument',
    `${name}: what is evaluated here are whole sequences, of at most ${most} timesteps, got ${count}`,
  );
}
