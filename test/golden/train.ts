/**
 * The golden cases of training: models, windows, and what PyTorch gives for them in float64 (train.py made the
 * fixtures, and says what a case holds).
 */
import { readFileSync } from 'node:fs';
import type { Graph, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { Fixture } from './fixture.ts';

/**
 * Of the float32 trainer's gradients: the greatest error of a tensor over its largest entry; of its norms, relative.
 * Here PyTorch in float32 comes to 1.5e-6 and the trainer to 9e-7; long windows and large batches may cost more.
 */
export const GRADIENT_TOLERANCE = 1e-5;
/**
 * Of its losses (absolute) and norms (relative) over ten updates. PyTorch in float32 comes to 4e-6 and the trainer to
 * 1.1e-5; where Adam's second moment is small, an update depends on the last bits of a gradient.
 */
export const UPDATE_TOLERANCE = 1e-4;
/** Of the float64 reference against PyTorch's float64, both as above: some thousand roundings of 1e-16. */
export const FLOAT64_TOLERANCE = 1e-12;

export type LossName = 'cross-entropy' | 'mean-squared-error';
export type OptimizerName = 'adam' | 'adamw' | 'sgd';

export interface TrainWindow {
  /** Tokens [timesteps, batch], or features [timesteps, batch, size]. */
  readonly inputs: Uint32Array | Float32Array;
  /** Classes [timesteps, batch], or values [timesteps, batch, size]. */
  readonly targets: Uint32Array | Float32Array;
  /** Of each row in the loss, [timesteps, batch]; missing where all are 1. */
  readonly weights?: Float32Array;
  readonly timesteps: number;
  /** Weighted mean over the rows, in float64. */
  readonly loss: number;
}

/** Ten windows, the case's in turn with the state carried on, each followed by an update. */
export interface TrainUpdates {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  /** Decoupled; 0 where missing. */
  readonly weightDecay?: number;
  readonly clipNorm: number;
  readonly losses: readonly number[];
  /** Before clipping. */
  readonly norms: readonly number[];
}

export interface TrainCase {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly loss: LossName;
  readonly batchSize: number;
  /** Consecutive, from the zero state. */
  readonly windows: readonly TrainWindow[];
  /** By tensor: the partial derivatives of the last window's loss. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
  readonly updates: Readonly<Record<OptimizerName, TrainUpdates>>;
}

/** A line of cases.jsonl. */
interface Line {
  readonly name: string;
  readonly file: string;
  readonly prefix: string;
  readonly graph: Graph;
  readonly loss: LossName;
  readonly batchSize: number;
  readonly weighted: boolean;
  readonly windows: readonly { readonly timesteps: number; readonly loss: number }[];
  readonly updates: TrainCase['updates'];
}

/** Reads the fixtures anew at each call. */
export function trainCases(): TrainCase[] {
  const lines = readFileSync(new URL('./fixtures/train/cases.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => caseOf(JSON.parse(line) as Line));
}

function caseOf(line: Line): TrainCase {
  const { name, file, prefix, graph, loss, batchSize, updates } = line;
  const fixture = new Fixture(`train/${file}`, prefix);
  const names = new Set(
    graph.nodes.flatMap((node) => ('tensors' in node ? Object.values<string>({ ...node.tensors }) : [])),
  );
  const tensors = new Map<string, Tensor>();
  const gradients = new Map<string, Float64Array>();
  for (const tensor of names) {
    tensors.set(tensor, { dtype: 'F32', shape: fixture.shape(tensor), data: fixture.float32(tensor) });
    gradients.set(tensor, fixture.float64(`gradient/${tensor}`));
  }
  return {
    name,
    definition: { graph, tensors },
    loss,
    batchSize,
    windows: windowsOf(fixture, line),
    gradients,
    updates,
  };
}

function windowsOf(fixture: Fixture, { graph, loss, batchSize, weighted, windows }: Line): TrainWindow[] {
  const tokens = graph.inputs[0]!.kind === 'tokens';
  const inputs = tokens ? Uint32Array.from(fixture.int32('inputs')) : fixture.float32('inputs');
  const classes = loss === 'cross-entropy';
  const targets = classes ? Uint32Array.from(fixture.int32('targets')) : fixture.float32('targets');
  const weights = weighted ? fixture.float32('weights') : undefined;
  const rows = windows.reduce((sum, { timesteps }) => sum + timesteps, 0) * batchSize;
  let first = 0;
  return windows.map((window) => {
    const end = first + window.timesteps * batchSize;
    const part = <T extends Uint32Array | Float32Array>(values: T) => {
      const size = values.length / rows;
      return values.slice(first * size, end * size) as T;
    };
    const result = { ...window, inputs: part(inputs), targets: part(targets) };
    const whole = weights === undefined ? result : { ...result, weights: part(weights) };
    first = end;
    return whole;
  });
}
