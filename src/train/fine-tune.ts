import { type Adapter, adapterOf } from '../adapters/adapter.ts';
import { RivuletError, show } from '../errors.ts';
import { createRuntime } from '../runtime/create.ts';
import { Runtime } from '../runtime/runtime.ts';
import { Model } from '../session/model.ts';
import type { TrainingData } from './dataset.ts';
import { dequantizeModel, forQuantized, requantizeModel } from './dequantize.ts';
import type { TrainingOptions } from './options.ts';
import { type StepReport, Training } from './training.ts';
import { Turns } from './turns.ts';

export interface FineTuneOptions extends TrainingOptions {
  /** Ends the training before the next update; the promise is rejected with `aborted`, its cause the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds of training after which the host gets its turn (default 10, so that a page paints 60 times a second).
   * An update is not interrupted: where one takes longer, a smaller batchSize or unroll makes it shorter.
   */
  readonly yieldEvery?: number;
  /** Called each time before the host gets its turn, and at the end of each epoch. */
  readonly onProgress?: (progress: FineTuneProgress) => void;
  /** Of the module `train`, to train in where the model's own is not; by default one is made. */
  readonly runtime?: Runtime;
}

export interface FineTuneProgress {
  /** Done and planned. */
  readonly update: number;
  readonly updates: number;
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean since the last call, in nats or squared error. */
  readonly loss: number;
  /** Of the last update, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Since the last call, all rows together; undefined where the host's clock stands still. */
  readonly timestepsPerSecond: number | undefined;
  /** The loss on the validation data, at the end of an epoch. */
  readonly validation?: number;
}

export interface EpochReport {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean over its timesteps, each before the update that learnt from it. */
  readonly loss: number;
  /** After the epoch, of the float32 model, where there are validation data. */
  readonly validation?: number;
}

export interface FineTuneResult {
  /** A new model in the runtime of the one it came from, int8 where that one is. */
  readonly model: Model;
  /** With `adapters`: what was trained, which `model` has merged into its weights. */
  readonly adapter?: Adapter;
  readonly history: readonly EpochReport[];
  /** True where the model's own runtime cannot train, so that the weights were copied into one that can, and back. */
  readonly copied: boolean;
}

/**
 * Trains a copy of a model on other data by backpropagation through time; the model itself is untouched, and so are its
 * sessions. An int8 model is trained in float32 and quantized again.
 *
 * A runtime made with `createRuntime({ module: 'train' })` serves and trains in one memory. Where the model lives in one
 * that only infers, a runtime that trains is made for the time of the training; the weights are copied into it, and
 * `copied` is true.
 *
 * @param data a text, tokens, inputs and targets, or a list of such as separate sequences
 * @throws DivergedError `diverged`; its `lastGood` is what was learnt before
 * @throws RivuletError `aborted`, `disposed`, `wasm-unavailable` (no module that trains), and what `Training` throws
 */
export async function fineTune(
  model: Model,
  data: TrainingData,
  options: FineTuneOptions = {},
): Promise<FineTuneResult> {
  if (!(model instanceof Model)) {
    throw new RivuletError(
      'invalid-argument',
      `fineTune takes a model that loadModel gave, got ${show(model)}`,
    );
  }
  model.assertAlive();
  const { controls, trainingOptions } = splitOptions(options);
  const { runtime: own, definition: original } = model;
  new Turns(controls.yieldEvery, controls.signal).assertNotAborted();
  const runtime = canTrain(own) ? own : (controls.runtime ?? (await createRuntime({ module: 'train' })));
  const settings = forQuantized(original, trainingOptions);
  const training = new Training(runtime, dequantizeModel(original), data, settings);
  try {
    const history = await train(training, controls);
    const adapters = training.adapters();
    return {
      model: new Model(own, requantizeModel(training.definition(), original)),
      ...(adapters && { adapter: adapterOf(model, adapters) }),
      history,
      copied: runtime !== own,
    };
  } finally {
    training.dispose();
  }
}

interface Controls {
  readonly signal: AbortSignal | undefined;
  readonly yieldEvery: number;
  readonly onProgress: FineTuneOptions['onProgress'];
  readonly runtime: Runtime | undefined;
}

function splitOptions(options: FineTuneOptions): { controls: Controls; trainingOptions: TrainingOptions } {
  if (typeof options !== 'object' || options === null) {
    throw new RivuletError('invalid-argument', `options must be an object, got ${show(options)}`);
  }
  const { signal, yieldEvery = 10, onProgress, runtime, ...trainingOptions } = options;
  const need = (ok: boolean, name: string, expected: string, got: unknown) => {
    if (ok) return;
    throw new RivuletError('invalid-argument', `options: ${name} must be ${expected}, got ${show(got)}`);
  };
  need(signal === undefined || typeof signal?.aborted === 'boolean', 'signal', 'an AbortSignal', signal);
  need(yieldEvery >= 0, 'yieldEvery', 'a number of milliseconds', yieldEvery);
  need(onProgress === undefined || typeof onProgress === 'function', 'onProgress', 'a function', onProgress);
  need(
    runtime === undefined || (runtime instanceof Runtime && canTrain(runtime)),
    'runtime',
    'one made with createRuntime({ module: "train" })',
    runtime,
  );
  return { controls: { signal, yieldEvery, onProgress, runtime }, trainingOptions };
}

function canTrain(runtime: Runtime): boolean {
  return runtime.module === 'train';
}

async function train(
  training: Training,
  { signal, yieldEvery, onProgress }: Controls,
): Promise<EpochReport[]> {
  const turns = new Turns(yieldEvery, signal);
  const history: EpochReport[] = [];
  let steps: StepReport[] = [];
  while (!training.finished) {
    const { step, elapsed } = await finishStep(training, turns);
    steps.push(step);
    const { epoch, epochLoss: loss, validation } = step;
    if (!turns.after(step.timesteps) && loss === undefined) continue;
    const validated = validation === undefined ? {} : { validation };
    const progress = { ...summarize(steps, training.updates, elapsed), ...validated };
    steps = [];
    if (loss !== undefined) history.push({ epoch, loss, ...validated });
    onProgress?.(progress);
    await turns.give();
  }
  return history;
}

/** An update, and at the end of an epoch its validation, which does not count as time of the training. */
async function finishStep(training: Training, turns: Turns): Promise<{ step: StepReport; elapsed: number }> {
  const pieces = training.stepInPieces();
  let elapsed: number | undefined;
  for (;;) {
    const { done, value } = pieces.next();
    elapsed ??= turns.elapsed;
    if (done) return { step: value, elapsed };
    if (turns.after(value)) await turns.give();
  }
}

/** What happened in these updates, which took so many milliseconds. */
function summarize(steps: readonly StepReport[], updates: number, elapsed: number): FineTuneProgress {
  const { update, epoch, gradientNorm, learningRate } = steps.at(-1)!;
  const timesteps = steps.reduce((sum, step) => sum + step.timesteps, 0);
  const weight = steps.reduce((sum, step) => sum + step.weight, 0);
  const lossSum = steps.reduce((sum, step) => sum + step.loss * step.weight, 0);
  return {
    update,
    updates,
    epoch,
    loss: weight > 0 ? lossSum / weight : 0,
    gradientNorm,
    learningRate,
    timestepsPerSecond: elapsed > 0 ? (1000 * timesteps) / elapsed : undefined,
  };
}
