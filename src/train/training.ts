import { initialLowRank } from '../adapters/initial.ts';
import type { LowRank } from '../adapters/low-rank.ts';
import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { parseGraph } from '../graph/parse.ts';
import { Draws, Purpose } from '../runtime/draws.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Batches, createBatches, fitBatchSize } from './batches.ts';
import { readCheckpoint, type TrainingIdentity, writeCheckpoint } from './checkpoint.ts';
import {
  cutSequence,
  type Dataset,
  datasetBytes,
  readDataset,
  requireCounted,
  splitDataset,
  type TrainingData,
} from './dataset.ts';
import { DivergedError } from './diverged.ts';
import { fingerprint } from './fingerprint.ts';
import { guessingLoss } from './guessing.ts';
import {
  type CheckedNormalization,
  normalizationBytes,
  normalizeDataset,
  scalingsFor,
} from './normalization/dataset.ts';
import { type Normalization, normalizationOf, putOn, takeOff } from './normalization/graph.ts';
import { type CheckedOptions, checkOptions, type ResolvedOptions, type TrainingOptions } from './options.ts';
import { readPorts } from './ports.ts';
import { learningRateAt } from './schedule.ts';
import { type LossSums, Trainer, type TrainerState } from './trainer.ts';
import { firstVerdict, judge, type Verdict } from './verdicts.ts';

export interface StepReport {
  /** Counted from 1. */
  readonly update: number;
  /** The epoch of this update, counted from 1. */
  readonly epoch: number;
  /** Mean over the window, before the update: nats, squared error or what the loss is in. */
  readonly loss: number;
  /** Of all parameters together, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Timesteps of all rows that were trained on. */
  readonly timesteps: number;
  /** What the loss is a mean over: so many timesteps, unless the loss weighs or ignores some; sequences, of CTC. */
  readonly weight: number;
  /** With the last update of an epoch: the mean loss over its timesteps. */
  readonly epochLoss?: number;
  /** With the last update of an epoch, after it: the loss on the validation data, where there are any. */
  readonly validation?: number;
}

/** A loss is too high where it is twice what guessing gives and twice what the model gave at first … */
const TOO_HIGH = 2;
/** … and the training has diverged where it has been so for as many updates in a row. */
const PATIENCE = 100;
/** Updates between two copies of the parameters for `lastGood`: at 1 M parameters, about a thousandth of the time. */
const KEEP_EVERY = 100;

/** What a checkpoint calls the best weights so far. */
const BEST = 'best';

/** Timesteps evaluated at once: 12 ms of an LSTM of 256 units. */
const VALIDATION_PIECE = 504;

/** How far a training is: all that its next window depends on, besides the trainer's own state. */
interface Progress extends Record<string, number>, Verdict {
  /** Updates done. */
  update: number;
  /** Sum of the losses of the epoch so far, and of their weights: its timesteps, unless the loss weighs them. */
  epochSum: number;
  epochTimesteps: number;
  /** Loss above which it is too high, 0 before the first window; updates in a row for which it was. */
  limit: number;
  tooHigh: number;
}

/**
 * A training, update by update: what `fineTune` and the command line are made of. It holds the model's parameters, the
 * optimizer's moments and the carried state in the memory of a runtime of the module `train`. Everything random follows
 * from the seed: the same model, data, options and seed give the same bits on every engine, in one go or resumed.
 */
export class Training {
  /** With all defaults filled in. */
  readonly options: ResolvedOptions;
  /** Planned in all. */
  readonly updates: number;
  readonly updatesPerEpoch: number;
  readonly parameterCount: number;
  readonly runtime: Runtime;
  readonly #trainer: Trainer;
  /** What is around the model that the trainer has. */
  readonly #normalization: Normalization;
  readonly #batches: Batches;
  readonly #validation: Dataset | undefined;
  readonly #guessing: number;
  readonly #identity: TrainingIdentity;
  #progress: Progress;
  /** The weights after the epoch with the lowest validation loss, where they are kept. */
  #best: Float32Array | undefined;
  #lastGood: DivergedError['lastGood'];
  #diverged: DivergedError | undefined;
  #disposed = false;

  /**
   * @param runtime of the module `train`
   * @param definition a float32 model with one input and one output; it is left as it is
   * @throws RivuletError `invalid-argument` (options, or data that are too short for them), `not-supported`,
   * `empty-data`, `wrong-length`, `token-out-of-range`, `non-finite-input`, `invalid-target`, `unknown-character`,
   * `out-of-memory`
   */
  constructor(
    runtime: Runtime,
    definition: ModelDefinition,
    data: TrainingData,
    options: TrainingOptions = {},
  ) {
    const { definition: bare, normalization: own } = takeOff(definition);
    const ports = readPorts(bare);
    const checked = checkOptions(options, bare);
    const given = readDataset(data, ports, checked.loss);
    const { training: raw, validation: part } = checked.validation
      ? splitDataset(given, checked.validation)
      : { training: given, validation: undefined };
    const validation =
      checked.validationData === undefined
        ? part
        : readDataset(checked.validationData, ports, given.loss, 'validation');
    this.#normalization = resolveNormalization(own, checked.normalization, bare, raw);
    const training = normalizeDataset(raw, this.#normalization);
    this.#validation = validation && normalizeDataset(validation, this.#normalization);
    requireCounted(training, 'data');
    if (this.#validation) requireCounted(this.#validation, 'validation');
    this.options = resolve(checked, training);
    const { seed } = this.options;
    this.#batches = createBatches(training, this.options, new Draws(runtime, seed, Purpose.Order));
    this.updatesPerEpoch = this.#batches.updatesPerEpoch;
    this.updates = this.options.epochs * this.updatesPerEpoch;
    checkWarmup(this.options.warmup, this.updates);
    this.runtime = runtime;
    const { learningRate } = this.options;
    const begun = { update: 0, epochSum: 0, epochTimesteps: 0, limit: 0, tooHigh: 0 };
    this.#progress = { ...begun, ...firstVerdict(learningRate) };
    this.#identity = {
      model: fingerprint(runtime, describeModel(definition)),
      data: fingerprint(runtime, dataBytes(raw, this.#normalization)),
      options: this.options,
    };
    this.#guessing = guessingLoss(runtime, training, ports.output.size);
    this.#lastGood = { update: 0, definition };
    this.#trainer = createTrainer(runtime, bare, this.options, checked.memoryBudget);
    this.parameterCount = this.#trainer.parameterCount;
  }

  /**
   * Goes on where a checkpoint was written: the bits are those of a training that was never interrupted. Model, data and
   * options must be those that the training began with; only separate validation data may differ.
   *
   * @throws RivuletError `checkpoint-mismatch`, naming what differs, `invalid-checkpoint`, and what the constructor throws
   */
  static resume(
    runtime: Runtime,
    definition: ModelDefinition,
    data: TrainingData,
    options: TrainingOptions,
    checkpoint: Uint8Array,
  ): Training {
    const training = new Training(runtime, definition, data, options);
    try {
      training.#restore(checkpoint);
      return training;
    } catch (error) {
      training.dispose();
      throw error;
    }
  }

  /** Updates done. */
  get update(): number {
    return this.#progress.update;
  }

  /** Epochs done. */
  get epoch(): number {
    return Math.floor(this.update / this.updatesPerEpoch);
  }

  /** All updates are made, or early stopping has ended the training before. */
  get finished(): boolean {
    return this.update === this.updates || this.stoppedEarly;
  }

  get stoppedEarly(): boolean {
    return this.#progress.stopped === 1;
  }

  /** False while the loss is as high as in a training that is about to diverge: keep an earlier checkpoint then. */
  get healthy(): boolean {
    return this.#diverged === undefined && this.#progress.tooHigh === 0;
  }

  /** Whether there is something to `validate` on. */
  get hasValidation(): boolean {
    return this.#validation !== undefined;
  }

  /**
   * One window, forward and backward, and one update; with the last update of an epoch its validation, if there are data
   * for it, whatever time that takes.
   *
   * @throws DivergedError `diverged`, before the update is made: the loss or the gradient is not finite, or the loss has
   * long been far above what guessing gives
   * @throws RivuletError `invalid-argument` where the training is finished, `disposed`
   */
  step(): StepReport {
    return toTheEnd(this.stepInPieces());
  }

  /**
   * As `step`, but the validation stops every few milliseconds, so that the caller can let the host have its turn. Between
   * the pieces no other method must be called.
   *
   * @yields 0 between update and validation, then the timesteps of each piece of the validation
   */
  *stepInPieces(): Generator<number, StepReport> {
    const report = this.#update();
    if (report.epochLoss === undefined || !this.hasValidation) return report;
    yield 0;
    const validation = yield* this.validateInPieces();
    this.#judge(validation);
    return { ...report, validation };
  }

  /**
   * The mean loss over the validation data, each stream from the zero state, without dropout: to the bit what sessions of
   * the model trained so far give (with quantizationAware, of its matrices rounded; of a normalized one in its normalized
   * units). The training goes on as if it had not been asked.
   *
   * @returns nats, mean squared error or what the loss is in
   * @throws RivuletError `invalid-argument` where there are no validation data, `disposed`
   */
  validate(): number {
    return toTheEnd(this.validateInPieces());
  }

  /**
   * As `validate`, but stops every few milliseconds, so that the caller can let the host have its turn. Between the
   * pieces no `step` must be made.
   *
   * @yields timesteps of the piece
   */
  *validateInPieces(): Generator<number, number> {
    this.#assertAlive();
    if (!this.#validation) {
      throw new RivuletError(
        'invalid-argument',
        'there is nothing to validate on: give options.validation, data or the fraction of the data to set apart',
      );
    }
    let total = 0;
    let weight = 0;
    for (const sequence of this.#validation.sequences) {
      let before: LossSums | undefined;
      const piece = this.#trainer.evaluatesWhole ? sequence.timesteps : VALIDATION_PIECE;
      for (let from = 0; from < sequence.timesteps; from += piece) {
        const to = Math.min(from + piece, sequence.timesteps);
        const { inputs, targets, timesteps } = cutSequence(sequence, this.#validation, from, to);
        before = this.#trainer.evaluate(inputs, targets, timesteps, before);
        yield timesteps;
        this.#assertAlive();
      }
      total += before!.sum;
      weight += before!.weight;
    }
    return total / weight;
  }

  /**
   * All that the rest of the training needs besides the model, the data and the options, as bytes that check themselves.
   *
   * @throws RivuletError `diverged` after a divergence, `disposed`
   */
  checkpoint(): Uint8Array {
    this.#assertUsable();
    const { blocks, numbers } = this.#trainer.save();
    return writeCheckpoint(this.runtime, {
      identity: this.#identity,
      progress: this.#progress,
      trainer: { blocks: this.#best ? new Map(blocks).set(BEST, this.#best) : blocks, numbers },
    });
  }

  /** What was trained so far with `adapters`, which `definition` has merged into the model. */
  adapters(): LowRank | undefined {
    this.#assertAlive();
    return this.#trainer.adapters();
  }

  /** The float32 model as trained so far; when the training is finished, the one to keep. */
  definition(): ModelDefinition {
    this.#assertAlive();
    return this.#definition();
  }

  /** Frees its memory; whatever is called on it afterwards throws `disposed`. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#trainer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #definition(): ModelDefinition {
    return putOn(this.#trainer.definition(), this.#normalization);
  }

  #restore(bytes: Uint8Array): void {
    const { progress, trainer } = readCheckpoint(this.runtime, bytes, this.#identity);
    const { update } = progress;
    if (!Number.isInteger(update) || update! < 0 || update! > this.updates) {
      throw new RivuletError(
        'invalid-checkpoint',
        `the checkpoint says that ${update} of ${this.updates} updates are done: it is damaged`,
      );
    }
    this.#trainer.restore(trainer);
    this.#best = this.#bestOf(trainer);
    this.#progress = { ...this.#progress, ...progress };
    if (this.healthy) this.#lastGood = { update: this.update, definition: this.#definition() };
  }

  /** @throws RivuletError `invalid-checkpoint` */
  #bestOf({ blocks }: TrainerState): Float32Array | undefined {
    const [best, parameters] = [blocks.get(BEST), blocks.get('parameters')];
    if (best === undefined) return undefined;
    if (best instanceof Float32Array && best.length === parameters?.length) return best;
    throw new RivuletError(
      'invalid-checkpoint',
      `the best weights of the checkpoint are ${show(best.length)} values, expected ${show(parameters?.length)}: it is damaged`,
    );
  }

  #update(): StepReport {
    this.#assertUsable();
    if (this.finished) {
      const reason = this.stoppedEarly
        ? `has stopped early, after ${this.update} of its ${this.updates} updates`
        : `has made all of its ${this.updates} updates`;
      throw new RivuletError('invalid-argument', `the training ${reason}`);
    }
    const { update } = this.#progress;
    const epoch = Math.floor(update / this.updatesPerEpoch);
    const index = update % this.updatesPerEpoch;
    const { window, timesteps, counted, fresh } = this.#batches.at(epoch, index);
    if (fresh) this.#trainer.resetState();
    const { loss, weight, gradientNorm } = this.#trainer.window(window, timesteps);
    const { schedule, warmup, optimizer, clipNorm, clipValue } = this.options;
    const { updates } = this;
    const learningRate = learningRateAt(update, {
      schedule,
      warmup,
      updates,
      learningRate: this.#progress.learningRate,
    });
    this.#checkDivergence(loss, gradientNorm, learningRate);
    this.#trainer.update({ ...optimizer, learningRate, clipNorm, clipValue });
    const epochLoss = this.#advance(loss, weight, index);
    return {
      update: update + 1,
      epoch: epoch + 1,
      loss,
      gradientNorm,
      learningRate,
      timesteps: counted,
      weight,
      ...(epochLoss !== undefined && { epochLoss }),
    };
  }

  /** What follows from the validation loss of an epoch. */
  #judge(validation: number): void {
    const isBest = judge(this.#progress, validation, this.options);
    if (this.options.keep === 'last') return;
    if (isBest) this.#best = this.#trainer.copyWeights();
    if (!this.finished || !this.#best) return;
    this.#trainer.setWeights(this.#best);
    this.#best = undefined;
  }

  /** @returns the mean loss of the epoch with its last update */
  #advance(loss: number, weight: number, index: number): number | undefined {
    const progress = this.#progress;
    progress.update++;
    progress.epochSum += loss * weight;
    progress.epochTimesteps += weight;
    if (progress.update % KEEP_EVERY === 0 && this.healthy) {
      this.#lastGood = { update: progress.update, definition: this.#definition() };
    }
    if (index + 1 < this.updatesPerEpoch) return undefined;
    const mean = progress.epochTimesteps > 0 ? progress.epochSum / progress.epochTimesteps : 0;
    progress.epochSum = 0;
    progress.epochTimesteps = 0;
    return mean;
  }

  #checkDivergence(loss: number, gradientNorm: number, learningRate: number): void {
    const progress = this.#progress;
    if (progress.limit === 0) progress.limit = TOO_HIGH * Math.max(this.#guessing, loss);
    progress.tooHigh = loss > progress.limit ? progress.tooHigh + 1 : 0;
    let reason: string;
    if (!Number.isFinite(loss)) reason = `the loss is ${loss}`;
    else if (!Number.isFinite(gradientNorm)) reason = `the norm of the gradient is ${gradientNorm}`;
    else if (progress.tooHigh >= PATIENCE) {
      reason =
        `for ${PATIENCE} updates the loss has been above ${Number(progress.limit.toPrecision(4))}, ` +
        'twice what guessing gives and what the loss was at first';
    } else return;
    this.#diverged = new DivergedError(
      {
        update: this.update + 1,
        updates: this.updates,
        loss,
        gradientNorm,
        learningRate,
        clipNorm: this.options.clipNorm,
        reason,
      },
      this.#lastGood,
    );
    throw this.#diverged;
  }

  #assertUsable(): void {
    this.#assertAlive();
    if (this.#diverged) throw this.#diverged;
  }

  #assertAlive(): void {
    if (this.#disposed) throw new RivuletError('disposed', 'the training is disposed: make another');
  }
}

function toTheEnd<T>(pieces: Generator<number, T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

function resolve(checked: CheckedOptions, dataset: Dataset): ResolvedOptions {
  const { validationData: _, memoryBudget: __, normalization: ___, ...options } = checked;
  return { ...options, ...fitBatchSize(dataset, checked), loss: dataset.loss };
}

/** The model's own, or what was asked for, measured on the data that are learnt from. */
function resolveNormalization(
  own: Normalization,
  asked: CheckedNormalization | undefined,
  definition: ModelDefinition,
  data: Dataset,
): Normalization {
  if (!asked) return own;
  if (!own.input && !own.output) return normalizationOf(definition, scalingsFor(data, asked));
  throw new RivuletError(
    'invalid-argument',
    'options: normalization: the model has a normalization already, and keeps it: leave the option out',
  );
}

function* dataBytes(data: Dataset, normalization: Normalization): ReturnType<typeof datasetBytes> {
  yield* datasetBytes(data);
  yield* normalizationBytes(normalization);
}

function checkWarmup(warmup: number, updates: number): void {
  if (warmup < updates) return;
  throw new RivuletError(
    'invalid-argument',
    `options: warmup ${warmup} must be fewer updates than the ${updates} of the whole training: lower it, or train for more epochs`,
  );
}

function createTrainer(
  runtime: Runtime,
  definition: ModelDefinition,
  options: ResolvedOptions,
  memoryBudget: number | undefined,
): Trainer {
  const { batchSize, unroll, loss, adapters, dropout, quantizationAware, seed } = options;
  const trainable = new Set(options.trainable);
  return new Trainer(runtime, definition, {
    batchSize,
    unroll,
    loss,
    dropout,
    ...(quantizationAware && { quantizationAware }),
    seed,
    trainable: (name) => trainable.has(name),
    ...(adapters && { adapters: initialLowRank(runtime, definition, adapters, seed) }),
    ...(memoryBudget !== undefined && { memoryBudget }),
  });
}

/** What a model is, but for its weights. */
function* describeModel({ graph, tensors }: ModelDefinition): Generator<string> {
  yield JSON.stringify(parseGraph(graph));
  for (const name of [...tensors.keys()].sort()) yield JSON.stringify([name, tensors.get(name)!.shape]);
}
