import { RivuletError, show } from '../errors.ts';
import type { GraphNode, ModelDefinition } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { allNodes } from '../graph/reads.ts';
import type { BatchSize } from './batches.ts';
import type { TrainingData } from './dataset.ts';
import { summedBiases } from './parameters.ts';
import { SCHEDULES, type Schedule } from './schedule.ts';
import type { LossName } from './window.ts';

/** Adam (Kingma and Ba 2015); with `weightDecay` decoupled from the gradient, AdamW (Loshchilov and Hutter 2019). */
export interface AdamOptions {
  readonly type: 'adam';
  /** 0.9 unless given, in [0, 1). */
  readonly beta1?: number;
  /** 0.999 unless given, in [0, 1). */
  readonly beta2?: number;
  /** 1e-8 unless given. */
  readonly epsilon?: number;
  /** 0 unless given. */
  readonly weightDecay?: number;
}

export interface SgdOptions {
  readonly type: 'sgd';
  /** 0.9 unless given, in [0, 1). */
  readonly momentum?: number;
  /** 0 unless given. */
  readonly weightDecay?: number;
}

export interface TrainingOptions {
  /** Passes over the data (default 10). */
  readonly epochs?: number;
  /** Streams side by side (default 16, or as many as the data allow). */
  readonly batchSize?: number;
  /** Timesteps through which the gradient goes back (default 64, or as many as the data have). */
  readonly unroll?: number;
  /** Whether a window goes on in the state in which the one before it ended (default), or begins in the zero state. */
  readonly carryState?: boolean;
  /** `cross-entropy` where the targets are classes, as a text's are, else `mean-squared-error`. */
  readonly loss?: LossName;
  /** Default `adam`. */
  readonly optimizer?: 'adam' | 'sgd' | AdamOptions | SgdOptions;
  /** Default 0.001 for Adam, 0.01 for SGD. */
  readonly learningRate?: number;
  /** How the learning rate falls to 0 over all updates; `constant` (default): not at all. */
  readonly schedule?: Schedule;
  /** Updates over which the learning rate rises at the beginning (default 0). */
  readonly warmup?: number;
  /** The largest norm of the gradient of all parameters together; longer ones are scaled (default 1, Infinity: none). */
  readonly clipNorm?: number;
  /** The share of values left out, 0 … 0.9 (default 0), of what goes into each layer, never from timestep to timestep. */
  readonly dropout?: number;
  /** Names of layers or tensors, or which tensors (default all). The biases of a recurrent layer go together. */
  readonly trainable?: readonly string[] | ((tensorName: string) => boolean);
  /** Data, or the last fraction of the training data, which then is not trained on. */
  readonly validation?: TrainingData | number;
  /** A non-negative safe integer, of the order of the data and of dropout (default 0). */
  readonly seed?: number;
}

export type ResolvedOptimizer = Required<AdamOptions> | Required<SgdOptions>;

/** Everything that decides over the bits of a training, with nothing left open. */
export interface ResolvedOptions extends BatchSize {
  readonly epochs: number;
  readonly loss: LossName;
  readonly optimizer: ResolvedOptimizer;
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly warmup: number;
  readonly clipNorm: number;
  readonly dropout: number;
  /** Names of tensors, sorted. */
  readonly trainable: readonly string[];
  /** The fraction of the data set apart; 0 where none is. */
  readonly validation: number;
  readonly seed: number;
}

/** Options with their defaults, those left open that depend on the data. */
export interface CheckedOptions extends Omit<ResolvedOptions, 'batchSize' | 'unroll' | 'loss'> {
  readonly batchSize: number | undefined;
  readonly unroll: number | undefined;
  readonly loss: LossName | undefined;
  readonly validationData: TrainingData | undefined;
}

/** @throws RivuletError `invalid-argument`, naming the option */
export function checkOptions(options: TrainingOptions, definition: ModelDefinition): CheckedOptions {
  return readFields(options, 'options', 'invalid-argument', (fields) => {
    const optimizer = readOptimizer(fields);
    const { fraction, data } = readValidation(fields);
    return {
      epochs: integer(fields, 'epochs', 1, 10),
      batchSize: fields.has('batchSize') ? integer(fields, 'batchSize', 1, 0) : undefined,
      unroll: fields.has('unroll') ? integer(fields, 'unroll', 1, 0) : undefined,
      carryState: fields.has('carryState') ? fields.boolean('carryState') : true,
      loss: fields.has('loss') ? fields.oneOf('loss', LOSSES) : undefined,
      optimizer,
      learningRate: number(fields, 'learningRate', optimizer.type === 'adam' ? 0.001 : 0.01, POSITIVE),
      schedule: fields.has('schedule') ? fields.oneOf('schedule', SCHEDULES) : 'constant',
      warmup: integer(fields, 'warmup', 0, 0),
      clipNorm: fields.value('clipNorm') === Infinity ? Infinity : number(fields, 'clipNorm', 1, POSITIVE),
      dropout: number(fields, 'dropout', 0, ['from 0 to 0.9', (x) => x >= 0 && x <= 0.9]),
      trainable: readTrainable(fields, definition),
      validation: fraction,
      validationData: data,
      seed: integer(fields, 'seed', 0, 0),
    };
  });
}

type Range = readonly [words: string, holds: (value: number) => boolean];

const LOSSES: readonly LossName[] = ['cross-entropy', 'mean-squared-error'];
const POSITIVE: Range = ['above 0', (x) => x > 0 && x < Infinity];
const NOT_NEGATIVE: Range = ['of at least 0', (x) => x >= 0 && x < Infinity];
const BELOW_ONE: Range = ['of at least 0 and below 1', (x) => x >= 0 && x < 1];

function number(fields: Fields, name: string, byDefault: number, [words, holds]: Range): number {
  const value = fields.value(name) ?? byDefault;
  if (typeof value === 'number' && holds(value)) return value;
  throw new RivuletError(
    'invalid-argument',
    `${fields.place}: ${name} must be a number ${words}, got ${show(value)}`,
  );
}

function integer(fields: Fields, name: string, least: number, byDefault: number): number {
  const value = fields.value(name) ?? byDefault;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new RivuletError(
    'invalid-argument',
    `${fields.place}: ${name} must be an integer of at least ${least}, got ${show(value)}`,
  );
}

function readOptimizer(fields: Fields): ResolvedOptimizer {
  const value = fields.value('optimizer') ?? 'adam';
  const given = typeof value === 'string' ? { type: value } : value;
  return readFields(given, 'options: optimizer', 'invalid-argument', (optimizer) => {
    const type = optimizer.oneOf('type', ['adam', 'sgd']);
    const weightDecay = number(optimizer, 'weightDecay', 0, NOT_NEGATIVE);
    if (type === 'sgd') return { type, momentum: number(optimizer, 'momentum', 0.9, BELOW_ONE), weightDecay };
    return {
      type,
      beta1: number(optimizer, 'beta1', 0.9, BELOW_ONE),
      beta2: number(optimizer, 'beta2', 0.999, BELOW_ONE),
      epsilon: number(optimizer, 'epsilon', 1e-8, POSITIVE),
      weightDecay,
    };
  });
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

function readTrainable(fields: Fields, { graph, tensors }: ModelDefinition): readonly string[] {
  const value = fields.value('trainable');
  const names = [...tensors.keys()].sort();
  const nodes = allNodes(graph);
  if (value === undefined) return names;
  let chosen: ReadonlySet<string>;
  if (typeof value === 'function') {
    chosen = new Set(names.filter((name) => value(name) === true));
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
