import type { Runtime } from '../../../src/index.ts';
import type { Model } from '../../../src/session/model.ts';
import { Training } from '../../../src/train/training.ts';
import type { Mode } from './modes.ts';

/** Of training, at which a validation stands in the table. */
export const SECONDS = [5, 10, 20, 40];
/** Of each trial of a learning rate. */
const TRIAL_SECONDS = 5;
/** More than there will be. */
const EPOCHS = 1_000;
const SEED = 1;

export interface Texts {
  readonly training: string;
  /** The end of the training text, on which learning rates are chosen. */
  readonly choosing: string;
  readonly validation: string;
}

export interface Adapted {
  readonly name: string;
  readonly parameters: number;
  readonly bytes: number;
  readonly learningRate: number;
  /** Of the float32 model, in nats per character, at each of SECONDS. */
  readonly losses: readonly number[];
  /** Milliseconds of an update, the median. */
  readonly update: number;
}

/** Chooses a learning rate on text that is neither trained on nor reported, then trains and validates by the clock. */
export function adapt(runtime: Runtime, model: Model, mode: Mode, texts: Texts): Adapted {
  const learningRate = choose(runtime, model, mode, texts);
  using training = begin(runtime, model, mode, learningRate, texts.training, texts.validation);
  const losses: number[] = [];
  const times: number[] = [];
  let milliseconds = 0;
  for (const seconds of SECONDS) {
    while (milliseconds < 1000 * seconds) {
      const time = timed(training);
      times.push(time);
      milliseconds += time;
    }
    losses.push(training.validate());
  }
  times.sort((a, b) => a - b);
  return {
    name: mode.name,
    parameters: training.parameterCount,
    bytes: mode.bytes(training, model),
    learningRate,
    losses,
    update: times[times.length >> 1]!,
  };
}

function choose(runtime: Runtime, model: Model, mode: Mode, { training, choosing }: Texts): number {
  const tried = mode.rates.map((rate) => {
    using trial = begin(runtime, model, mode, rate, training.slice(0, -choosing.length), choosing);
    for (let milliseconds = 0; milliseconds < 1000 * TRIAL_SECONDS; ) milliseconds += timed(trial);
    return { rate, loss: trial.validate() };
  });
  return tried.reduce((best, each) => (each.loss < best.loss ? each : best)).rate;
}

function begin(
  runtime: Runtime,
  { definition }: Model,
  { options }: Mode,
  learningRate: number,
  text: string,
  validation: string,
): Training {
  const settings = { epochs: EPOCHS, batchSize: 16, unroll: 64, learningRate, validation, seed: SEED };
  return new Training(runtime, definition, text, { ...settings, ...options });
}

/** Milliseconds of an update; the validation that ends an epoch does not count. */
function timed(training: Training): number {
  const began = performance.now();
  const pieces = training.stepInPieces();
  let milliseconds: number | undefined;
  for (;;) {
    const { done } = pieces.next();
    milliseconds ??= performance.now() - began;
    if (done) return milliseconds;
  }
}
