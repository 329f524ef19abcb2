/** Small networks that forecast the series: trained on its beginning, then frozen, or learning from the rest as it comes. */
import {
  createLearner,
  dense,
  gru,
  input,
  type LearnerOptions,
  loadModel,
  type Model,
  minGru,
  type Runtime,
  sequential,
  Training,
} from '../../../src/index.ts';

const LAYERS = { gru, mingru: minGru };
export type Cell = keyof typeof LAYERS;

export interface NetworkRecipe {
  readonly cell: Cell;
  readonly units: number;
  readonly seed: number;
  /** Of the training on the beginning: about so many, in whole passes, and how many pieces of it go side by side. */
  readonly updates: number;
  readonly batchSize: number;
  readonly unroll: number;
  readonly learningRate: number;
}

/** What the network sees: (value - mean) / deviation, those of the readings that it was trained on. */
export interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

export function scaleOf(values: Float64Array): Scale {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

export interface Network {
  readonly model: Model;
  readonly scale: Scale;
  readonly horizon: number;
}

/** A network that has learnt the first `count` readings, each with the one `horizon` later. */
export async function trainNetwork(
  runtime: Runtime,
  values: Float64Array,
  count: number,
  horizon: number,
  recipe: NetworkRecipe,
): Promise<Network> {
  const scale = scaleOf(values.subarray(0, count));
  const timesteps = count - horizon;
  const network = { scale, horizon };
  const inputs = Float32Array.from({ length: timesteps }, (_, t) => inputOf(network, values, t));
  const targets = Float32Array.from({ length: timesteps }, (_, t) => inputOf(network, values, t + horizon));
  const layer = LAYERS[recipe.cell](recipe.units);
  const definition = sequential([layer, dense(1)], { input: input('x', 1), runtime, seed: recipe.seed });
  const { updates, batchSize, unroll, learningRate, seed } = recipe;
  const epochs = Math.max(1, Math.round(updates / Math.ceil(timesteps / (batchSize * unroll))));
  using training = new Training(
    runtime,
    definition,
    { inputs, targets },
    { epochs, batchSize, unroll, learningRate, seed, schedule: 'cosine' },
  );
  while (!training.finished) training.step();
  return { ...network, model: await loadModel(training.definition(), { runtime }) };
}

function inputOf({ scale }: Pick<Network, 'scale'>, values: Float64Array, t: number): number {
  return (values[t]! - scale.mean) / scale.deviation;
}

function readingOf({ scale }: Network, output: number): number {
  return scale.mean + scale.deviation * output;
}

/** Forecasts of each reading by a network that stays as it is; NaN for the first `horizon`. */
export function forecastFrozen(network: Network, values: Float64Array): Float64Array {
  const forecasts = new Float64Array(values.length).fill(Number.NaN);
  using session = network.model.createSession();
  const [x, y] = [new Float32Array(1), new Float32Array(1)];
  for (let t = 0; t + network.horizon < values.length; t++) {
    x[0] = inputOf(network, values, t);
    session.step(x, y);
    forecasts[t + network.horizon] = readingOf(network, y[0]!);
  }
  return forecasts;
}

/** The same by one that from reading `from` on learns from each as it comes. */
export function forecastLearning(
  network: Network,
  values: Float64Array,
  from: number,
  options: LearnerOptions,
): Float64Array {
  const { horizon } = network;
  const forecasts = new Float64Array(values.length).fill(Number.NaN);
  using learner = createLearner(network.model, { ...options, horizon });
  const [x, y, target] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
  for (let t = 0; t + horizon < values.length; t++) {
    if (t >= from) {
      target[0] = inputOf(network, values, t);
      learner.observe(target);
    }
    x[0] = inputOf(network, values, t);
    learner.step(x, y);
    forecasts[t + horizon] = readingOf(network, y[0]!);
  }
  return forecasts;
}
