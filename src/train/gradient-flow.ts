import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { createRuntime } from '../runtime/create.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Model } from '../session/model.ts';
import { cutSequence, type Dataset, readDataset, type Sequence, type TrainingData } from './dataset.ts';
import { dequantizeModel } from './dequantize.ts';
import { type LossName, type LossOptions, lossDefinition, readLoss } from './losses/table.ts';
import { normalizeDataset } from './normalization/dataset.ts';
import { takeOff } from './normalization/graph.ts';
import { readPorts } from './ports.ts';
import { Trainer } from './trainer.ts';

export interface GradientFlowOptions {
  /** Which timesteps count in the loss: the last one (default), or all of them, as their mean. */
  readonly at?: 'last' | 'all';
  /** One of timesteps; `cross-entropy` where the targets are classes, as a text's are, else `mean-squared-error`. */
  readonly loss?: LossName | LossOptions;
  /** Of each sequence, from its first on: by default as many as the shortest one has. */
  readonly timesteps?: number;
  /** The most bytes for tape and checkpoints, as of a training; no bound by default. */
  readonly memoryBudget?: number;
  /** Of the module `train`; by default the model's own where it is one, else one is made. */
  readonly runtime?: Runtime;
}

/** A state of a recurrent layer. */
export interface StateFlow {
  /** The node; that of a backward half ends in `.reverse`. */
  readonly layer: string;
  readonly state: 'h' | 'c';
  /**
   * Behind each timestep t: ‖dL/dh_t‖₂, through everything that reads h_t; over several sequences the root of the mean
   * square. The first entry is the one furthest back from a loss at the end. Below 1e-45 float32 has no gradient: 0.
   */
  readonly norms: Float64Array;
}

export interface GradientFlow {
  readonly timesteps: number;
  /** Mean over the sequences, in nats or squared error. */
  readonly loss: number;
  /** In the order of the layers. */
  readonly states: readonly StateFlow[];
}

/**
 * How far back in time the gradient of a loss reaches: the norm of dL/dh, and of dL/dc where there is a c, at every
 * timestep of every recurrent layer. What shrinks from the end to the beginning vanishes, and nothing is learnt from what
 * lies so far back; what grows explodes, and clipping will hold it (Hochreiter 1991; Pascanu et al. 2013).
 *
 * The gradient is that of training, through the whole sequence from the zero state, of a normalized model in normalized
 * units; nothing is trained.
 *
 * @param model one that loadModel gave, or a definition
 * @param data as `fineTune` takes it; several sequences are taken one after the other
 * @throws RivuletError `invalid-argument`, `not-supported` (an encoder, no recurrent layer, CTC), and what `fineTune` throws
 * for data and memoryBudget
 */
export async function gradientFlow(
  model: Model | ModelDefinition,
  data: TrainingData,
  options: GradientFlowOptions = {},
): Promise<GradientFlow> {
  const whole = dequantizeModel(model instanceof Model ? model.definition : model);
  const { definition, normalization } = takeOff(whole);
  const ports = readPorts(definition);
  const layers = statesOf(definition);
  const { at = 'last', memoryBudget } = options;
  if (at !== 'last' && at !== 'all')
    throw new RivuletError('invalid-argument', `options: at must be "last" or "all", got ${show(at)}`);
  const loss = options.loss === undefined ? undefined : readLoss(options.loss);
  const dataset = normalizeDataset(readDataset(data, ports, loss), normalization);
  requireTargets(dataset);
  const timesteps = timestepsOf(dataset, options.timesteps);
  const trainer = new Trainer(await runtimeFor(model, options), definition, {
    batchSize: 1,
    unroll: timesteps,
    loss: dataset.loss,
    watchStates: true,
    ...(memoryBudget !== undefined && { memoryBudget }),
  });
  try {
    const flows = dataset.sequences.map((sequence) => {
      const { inputs, targets } = cutSequence(sequence, dataset, 0, timesteps);
      const weights = new Float32Array(timesteps).fill(at === 'all' ? 1 : 0);
      weights[timesteps - 1] = 1;
      trainer.resetState();
      const { loss } = trainer.window({ inputs, targets, weights }, timesteps);
      return { loss, norms: trainer.stateGradientNorms(timesteps) };
    });
    const loss = flows.reduce((sum, flow) => sum + flow.loss, 0) / flows.length;
    const states = layers.map(({ layer, state }) => {
      const norms = quadraticMean(flows.map((flow) => flow.norms.get(`${layer}.${state}`)!));
      return { layer, state, norms };
    });
    return { timesteps, loss, states };
  } finally {
    trainer.dispose();
  }
}

/** CTC has one loss for all timesteps. */
function requireTargets({ loss: { type } }: Dataset): void {
  if (lossDefinition(type).targets !== 'labels') return;
  throw new RivuletError(
    'not-supported',
    `gradientFlow: loss ${show(type)} is of whole sequences, and none of a timestep: give one that has targets`,
  );
}

/** The states of the recurrent layers, each half of one that goes both ways by itself. */
function statesOf({ graph }: ModelDefinition): Omit<StateFlow, 'norms'>[] {
  if (graph.encoder) {
    throw new RivuletError(
      'not-supported',
      `gradientFlow: node ${show(graph.encoder.nodes[0]?.name)} is of an encoder: of models with one, time is two sequences`,
    );
  }
  const states = graph.nodes.flatMap((node) => {
    const hasH = ['rnn', 'lstm', 'gru', 'mingru', 'minlstm'].includes(node.type);
    if (!hasH) return [];
    const both = 'direction' in node && node.direction === 'both';
    const halves = both ? [node.name, `${node.name}.reverse`] : [node.name];
    const kinds = node.type === 'lstm' ? (['h', 'c'] as const) : (['h'] as const);
    return halves.flatMap((layer) => kinds.map((state) => ({ layer, state })));
  });
  if (states.length > 0) return states;
  throw new RivuletError('not-supported', 'gradientFlow: the model has no recurrent layer');
}

function timestepsOf({ sequences }: Dataset, asked: number | undefined): number {
  const shortest = sequences.reduce((least, { timesteps }: Sequence) => Math.min(least, timesteps), Infinity);
  const timesteps = asked ?? shortest;
  if (Number.isInteger(timesteps) && timesteps >= 1 && timesteps <= shortest) return timesteps;
  throw new RivuletError(
    'invalid-argument',
    `options: timesteps must be an integer from 1 to ${shortest}, the length of the shortest sequence, got ${show(timesteps)}`,
  );
}

async function runtimeFor(
  model: Model | ModelDefinition,
  { runtime }: GradientFlowOptions,
): Promise<Runtime> {
  if (runtime) return runtime;
  if (model instanceof Model && model.runtime.module === 'train') return model.runtime;
  return await createRuntime({ module: 'train' });
}

function quadraticMean(rows: readonly Float64Array[]): Float64Array {
  const mean = (t: number) => rows.reduce((sum, row) => sum + row[t]! * row[t]!, 0) / rows.length;
  return rows.length === 1 ? rows[0]! : rows[0]!.map((_, t) => Math.sqrt(mean(t)));
}
