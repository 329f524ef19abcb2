import type { ResolvedAdapters } from '../adapters/initial.ts';
import { factorNames } from '../adapters/low-rank.ts';
import { type AdapterOptions, readAdapters } from '../adapters/matrices.ts';
import { RivuletError, show } from '../errors.ts';
import type { GraphNode, ModelDefinition } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { allNodes } from '../graph/reads.ts';
import { checkQuantizeOptions, int8Matrices, type QuantizeOptions } from '../quantize/quantize.ts';
import type { BatchSize } from './batches.ts';
import type { TrainingData } from './dataset.ts';
import { type DropoutOptions, type ResolvedDropout, readDropout } from './dropout.ts';
import { type LossName, type LossOptions, type ResolvedLoss, readLoss } from './losses/table.ts';
import {
  type CheckedNormalization,
  checkNormalization,
  type NormalizationOption,
} from './normalization/dataset.ts';
import { takeOff } from './normalization/graph.ts';
import {
  defaultLearningRate,
  type OptimizerName,
  type OptimizerOptions,
  type ResolvedOptimizer,
  readOptimizer,
} from './optimizers/table.ts';
import { summedBiases } from './parameters.ts';
import { bound, integer, NOT_NEGATIVE, number, POSITIVE } from './ranges.ts';
import { type ResolvedSchedule, readSchedule, type Schedule } from './schedule.ts';
import type { EarlyStopping } from './verdicts.ts';

export interface TrainingOptions {
  /** Passes over the data (default 10). */
  readonly epochs?: number;
  /** Streams side by side (default 16, or as many as the data allow). */
  readonly batchSize?: number;
  /** Timesteps through which the gradient goes back (default 64, or as many as the data have). */
  readonly unroll?: number;
  /** Whether a window goes on in the state in which the one before it ended (default), or begins in the zero state. */
  readonly carryState?: boolean;
  /**
   * A loss by its name, or with its options: `{ type: 'huber', delta: 0.5 }`. Default `cross-entropy` where the targets are
   * classes, as a text's are, else `mean-squared-error`.
   */
  readonly loss?: LossName | LossOptions;
  /** Default `adam`. */
  readonly optimizer?: OptimizerName | OptimizerOptions;
  /** Default 0.001 for Adam and AdamW, 0.01 for SGD and RMSprop. */
  readonly learningRate?: number;
  /** How the learning rate falls; `constant` (default): not at all; `linear`, `cosine`: to 0 over all updates. */
  readonly schedule?: Schedule;
  /** Updates over which the learning rate rises at the beginning (default 0). */
  readonly warmup?: number;
  /** The largest norm of the gradient of all parameters together; longer ones are scaled (default 1, Infinity: none). */
  readonly clipNorm?: number;
  /** The largest value of a gradient, either way, after clipNorm; larger ones are cut (default Infinity: none). */
  readonly clipValue?: number;
  /**
   * The share of values left out, 0 … 0.9 (default 0), of what goes into each layer and into the head, never from timestep
   * to timestep; or what is left out where.
   */
  readonly dropout?: number | DropoutOptions;
  /**
   * Train for int8: windows and validation run with the matrices rounded as `quantize` will round them, and what changes
   * is the float32 weights behind them, which the training gives (default: none of it). An object says what stays float32.
   */
  readonly quantizationAware?: 'int8' | QuantizeOptions;
  /**
   * What changes: `all` (default); `head`, the last layer that has weights; `biases`, all biases and the head; names of
   * layers or tensors; or which tensors. The biases of a recurrent layer go together. Nothing flows back below the lowest
   * layer that changes, and no gradient of a frozen matrix is computed.
   */
  readonly trainable?: TrainablePreset | readonly string[] | ((tensorName: string) => boolean);
  /**
   * Train low-rank adapters of some matrices and nothing else, in the place of `trainable`: W' = W + (alpha / rank) B A,
   * A random from the seed, B zero (LoRA; Hu et al. 2021).
   */
  readonly adapters?: AdapterOptions;
  /** Data, or the last fraction of the training data, which then is not trained on. */
  readonly validation?: TrainingData | number;
  /**
   * Trains in normalized units and gives a model that reads and gives raw ones: affine nodes of the scalings, measured on
   * the training part of the data, are put before and behind it, and stay as they are. Losses, validation too, and Huber's
   * delta are in normalized units. A model that has such nodes already is trained so without being asked, and refuses the option.
   */
  readonly normalization?: NormalizationOption;
  /** Ends the training where the validation loss falls no more (default: it goes on to its last epoch). */
  readonly earlyStopping?: EarlyStopping;
  /**
   * The weights at the end: those after the last epoch, or after the one with the lowest validation loss (default `last`,
   * with earlyStopping `best`).
   */
  readonly keep?: 'last' | 'best';
  /** A non-negative safe integer, of the order of the data and of dropout (default 0). */
  readonly seed?: number;
  /**
   * The most bytes for tape, buffers, their gradients and checkpoints (default: no bound). A window that would need more
   * runs parts of it forward a second time: it takes up to 1.5 times as long and gives the same bits.
   */
  readonly memoryBudget?: number;
}

export type TrainablePreset = 'all' | 'head' | 'biases';

/** Everything that decides over the bits of a training, with nothing left open. */
export interface ResolvedOptions extends BatchSize {
  readonly epochs: number;
  readonly loss: ResolvedLoss;
  readonly optimizer: ResolvedOptimizer;
  readonly learningRate: number;
  readonly schedule: ResolvedSchedule;
  readonly warmup: number;
  readonly clipNorm: number;
  readonly clipValue: number;
  readonly dropout: number | ResolvedDropout;
  /** `null` where the training is in float32. */
  readonly quantizationAware: Required<QuantizeOptions> | null;
  /** Names of tensors, sorted. */
  readonly trainable: readonly string[];
  readonly adapters: ResolvedAdapters | null;
  /** The fraction of the data set apart; 0 where none is. */
  readonly validation: number;
  /** `null` where there is none. */
  readonly earlyStopping: Required<EarlyStopping> | null;
  readonly keep: 'last' | 'best';
  readonly seed: number;
}

/** Options with their defaults, those left open that depend on the data. */
export interface CheckedOptions extends Omit<ResolvedOptions, 'batchSize' | 'unroll' | 'loss'> {
  readonly batchSize: number | undefined;
  readonly unroll: number | undefined;
  readonly loss: ResolvedLoss | undefined;
  readonly validationData: TrainingData | undefined;
  readonly normalization: CheckedNormalization | undefined;
  readonly memoryBudget: number | undefined;
}

/** @throws RivuletError `invalid-argument`, naming the option */
export function checkOptions(options: TrainingOptions, definition: ModelDefinition): CheckedOptions {
  return readFields(options, 'options', 'invalid-argument', (fields) => {
    const optimizer = readOptimizer(fields.value('optimizer') ?? 'adam');
    const { fraction, data } = readValidation(fields);
    const adapters = fields.has('adapters')
      ? readAdapters(fields.value('adapters') as AdapterOptions, definition)
      : null;
    const earlyStopping = readEarlyStopping(fields);
    const normalization = checkNormalization(fields.value('normalization'));
    if (adapters && normalization) {
      throw new RivuletError(
        'invalid-argument',
        'options: an adapter is for the model that it was made from, which would have no normalization: leave the option ' +
          'out, or give a model that has one',
      );
    }
    const checked: CheckedOptions = {
      epochs: integer(fields, 'epochs', 1, 10),
      batchSize: fields.has('batchSize') ? integer(fields, 'batchSize', 1, 0) : undefined,
      unroll: fields.has('unroll') ? integer(fields, 'unroll', 1, 0) : undefined,
      carryState: fields.has('carryState') ? fields.boolean('carryState') : true,
      loss: fields.has('loss') ? readLoss(fields.value('loss')) : undefined,
      optimizer,
      learningRate: number(fields, 'learningRate', defaultLearningRate(optimizer.type), POSITIVE),
      schedule: readSchedule(fields.value('schedule') ?? 'constant'),
      warmup: integer(fields, 'warmup', 0, 0),
      clipNorm: bound(fields, 'clipNorm', 1),
      clipValue: bound(fields, 'clipValue', Infinity),
      dropout: readDropout(fields),
      quantizationAware: readQuantization(fields, definition),
      trainable: adapters ? factorsOf(adapters, fields) : readTrainable(fields, definition),
      adapters,
      validation: fraction,
      validationData: data,
      normalization,
      earlyStopping,
      keep: fields.has('keep') ? fields.oneOf('keep', ['last', 'best']) : earlyStopping ? 'best' : 'last',
      seed: integer(fields, 'seed', 0, 0),
      memoryBudget: fields.has('memoryBudget') ? integer(fields, 'memoryBudget', 1, 0) : undefined,
    };
    requireValidation(checked);
    return checked;
  });
}

/** @throws RivuletError `invalid-argument` where an option follows the validation loss and there is none */
function requireValidation({
  schedule,
  earlyStopping,
  keep,
  validation,
  validationData,
}: CheckedOptions): void {
  if (validation > 0 || validationData !== undefined) return;
  const option =
    schedule.type === 'plateau'
      ? 'schedule "plateau"'
      : earlyStopping
        ? 'earlyStopping'
        : keep === 'best'
          ? 'keep "best"'
          : undefined;
  if (option === undefined) return;
  throw new RivuletError(
    'invalid-argument',
    `options: ${option} follows the validation loss: give validation, data or the fraction of the data to set apart`,
  );
}

function readEarlyStopping(fields: Fields): Required<EarlyStopping> | null {
  if (!fields.has('earlyStopping')) return null;
  return fields.object('earlyStopping', (inner) => ({
    patience: integer(inner, 'patience', 1, 5),
    minDelta: number(inner, 'minDelta', 0, NOT_NEGATIVE),
  }));
}

function readValidation(fields: Fields): { fraction: number; data: TrainingData | undefined } {
  const value = fields.value('validation');
  if (typeof value !== 'number') return { fraction: 0, data: value as TrainingData | undefined };
  if (value > 0 && value < 1) return { fraction: value, data: undefined };
  throw new RivuletError(
    'invalid-argument',
    `options: validation must be data, or a fraction above 0 and below 1, got ${value}`,
  );
}

function readQuantization(fields: Fields, definition: ModelDefinition): Required<QuantizeOptions> | null {
  const value = fields.value('quantizationAware');
  if (value === undefined) return null;
  const options = typeof value === 'string' ? { weights: value } : value;
  const nodes = allNodes(definition.graph);
  const { weights, keep } = checkQuantizeOptions(options, nodes, 'options: quantizationAware');
  if (int8Matrices(definition, { weights, keep }).size === 0) {
    throw new RivuletError(
      'invalid-argument',
      'options: quantizationAware leaves no matrix to round: leave it out, or keep fewer layers',
    );
  }
  return { weights, keep: [...keep].sort() };
}

function readTrainable(fields: Fields, definition: ModelDefinition): readonly string[] {
  // What normalizes a model is not learnt.
  const { graph, tensors } = takeOff(definition).definition;
  const value = fields.value('trainable') ?? 'all';
  const names = [...tensors.keys()].sort();
  const nodes = allNodes(graph);
  let chosen: ReadonlySet<string>;
  if (typeof value === 'function') {
    chosen = new Set(names.filter((name) => value(name) === true));
  } else if (typeof value === 'string') {
    chosen = new Set(
      presetTensors(fields.has('trainable') ? fields.oneOf('trainable', PRESETS) : 'all', nodes),
    );
  } else {
    chosen = new Set(fields.strings('trainable').flatMap((name) => tensorsCalled(name, nodes, names)));
  }
  const together = withOtherBiases(chosen, nodes);
  if (together.size === 0) {
    throw new RivuletError(
      'invalid-argument',
      `options: trainable leaves nothing to train; the layers are ${layerNames(nodes)}`,
    );
  }
  return names.filter((name) => together.has(name));
}

const PRESETS: readonly TrainablePreset[] = ['all', 'head', 'biases'];

/** The head is the last layer that has weights, a bias what has that word in its role. */
function presetTensors(preset: TrainablePreset, nodes: readonly GraphNode[]): readonly string[] {
  if (preset === 'all') return nodes.flatMap(tensorsOf);
  const head = nodes.map(tensorsOf).findLast((tensors) => tensors.length > 0) ?? [];
  if (preset === 'head') return head;
  const biases = nodes.flatMap((node) => {
    const roles: Readonly<Record<string, string>> = 'tensors' in node ? { ...node.tensors } : {};
    return Object.keys(roles)
      .filter((role) => role.includes('bias'))
      .map((role) => roles[role]!);
  });
  return [...biases, ...head];
}

/** The names of the tensors that adapters are, sorted. */
function factorsOf({ matrices }: ResolvedAdapters, fields: Fields): readonly string[] {
  const refuse = (option: string, reason: string) => {
    if (!fields.has(option)) return;
    throw new RivuletError(
      'invalid-argument',
      `options: ${reason}, so adapters leave no choice of ${option}: leave one of the two out`,
    );
  };
  refuse('trainable', 'nothing else is trained');
  refuse('quantizationAware', 'the factors stay float32 beside an int8 model');
  return matrices.flatMap((name) => Object.values(factorNames(name))).sort();
}

function tensorsCalled(
  name: string,
  nodes: readonly GraphNode[],
  tensors: readonly string[],
): readonly string[] {
  const node = nodes.find((candidate) => candidate.name === name);
  const ofNode = node ? tensorsOf(node) : [];
  if (ofNode.length > 0) return ofNode;
  if (tensors.includes(name)) return [name];
  throw new RivuletError(
    'invalid-argument',
    `options: trainable names ${show(name)}, which is no layer with weights and no tensor; ` +
      `the layers are ${layerNames(nodes)}, the tensors ${list(tensors)}`,
  );
}

/** A recurrent layer's two biases are added before they are used, and so they are one parameter. */
function withOtherBiases(names: ReadonlySet<string>, nodes: readonly GraphNode[]): ReadonlySet<string> {
  const all = new Set(names);
  for (const node of nodes) {
    for (const { ih, hh } of summedBiases(node)) if (names.has(ih) || names.has(hh)) all.add(ih).add(hh);
  }
  return all;
}

function tensorsOf(node: GraphNode): readonly string[] {
  return 'tensors' in node ? Object.values({ ...node.tensors }).filter((name) => name !== undefined) : [];
}

function layerNames(nodes: readonly GraphNode[]): string {
  return list(nodes.filter((node) => tensorsOf(node).length > 0).map(({ name }) => name));
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 16).map(show).join(', ');
  return names.length > 16 ? `${shown}, …` : shown;
}
