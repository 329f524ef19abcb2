import type { ModelDefinition, Tensor } from '../../../src/graph/definition.ts';
import { randomModel } from '../../../test/reference/models.ts';
import { Random } from '../../../test/reference/random.ts';
import type { BenchCase } from '../cases.ts';

/** Streams side by side. */
export const BATCHES: readonly number[] = [1, 16];

/** Hidden units. */
export const HIDDEN: readonly number[] = [128, 256];

export interface TrainSizes {
  readonly input: number;
  readonly hidden: number;
  /** Classes of the softmax. */
  readonly output: number;
  /** Of a window. */
  readonly timesteps: number;
}

export const SIZES: TrainSizes = { input: 32, hidden: 128, output: 32, timesteps: 64 };

/** Adam with PyTorch's defaults, and clipping by the global norm. */
export const ADAM = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
};

/**
 * One layer, the GRU with the reset after the product, a dense head and the softmax cross-entropy of one window, which
 * every update begins from the zero state. A hidden bias that is only ever added to the input bias is zero, so that
 * who trains their sum and who freezes the one do the same.
 */
export interface TrainCase extends TrainSizes {
  readonly cell: BenchCase['cell'];
  readonly batch: number;
  readonly definition: ModelDefinition;
  /** [timesteps, batch, input], N(0, 1) */
  readonly inputs: Float32Array;
  /** [timesteps, batch], classes */
  readonly targets: Uint32Array;
}

export function trainCase(cell: BenchCase['cell'], batch: number, sizes: TrainSizes = SIZES): TrainCase {
  const { input, hidden, output, timesteps } = sizes;
  const name = cell === 'lstm' ? 'lstm' : 'gru-after';
  const model = randomModel({ cell: name, input, hidden, output, depth: 1, seed: hidden });
  const random = new Random(batch);
  return {
    cell,
    batch,
    ...sizes,
    definition: withoutSecondBias(model, cell === 'lstm' ? 4 * hidden : 2 * hidden),
    inputs: random.gaussians(timesteps * batch * input),
    targets: random.integers(timesteps * batch, 0, output),
  };
}

function withoutSecondBias(model: ModelDefinition, rows: number): ModelDefinition {
  const tensors = new Map<string, Tensor>(model.tensors);
  const { shape, data } = tensors.get('rnn.bias_hh_l0')!;
  tensors.set('rnn.bias_hh_l0', { dtype: 'F32', shape, data: Float32Array.from(data).fill(0, 0, rows) });
  return { ...model, tensors };
}
