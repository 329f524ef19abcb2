import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { SEGMENT } from './budget.ts';
import { lossDefinition, type ResolvedLoss, readLoss } from './losses/table.ts';
import type { ResolvedOptimizer } from './optimizers/table.ts';
import { checkOptions, type TrainingOptions } from './options.ts';
import type { Ports } from './ports.ts';
import { requireElementwise } from './sensitivities.ts';

export interface LearnerOptions
  extends Pick<
    TrainingOptions,
    'optimizer' | 'learningRate' | 'loss' | 'clipNorm' | 'clipValue' | 'trainable' | 'seed'
  > {
  /**
   * `bptt` (default): truncated backpropagation through time. `rtrl`: real-time recurrent learning, whose gradient reaches
   * back to the beginning of the stream, for a model whose only memory is one minGRU or minLSTM.
   */
  readonly algorithm?: 'bptt' | 'rtrl';
  /** Timesteps through which the gradient goes back (default 32); `rtrl` has none. */
  readonly window?: number;
  /**
   * Timesteps from an update to the next: 1 … window (default window), of `rtrl` 1 … 64 (default 8). Successive gradients of
   * a stream are much alike, and an update by each of them goes further than they say: where nothing drifts, a small `every`
   * costs accuracy unless the learning rate falls with it.
   */
  readonly every?: number;
  /**
   * How late a target is (default 1): `observe` takes that of the output that `step` gave so many calls ago, 1 being the
   * last one. A forecaster's horizon.
   */
  readonly horizon?: number;
  /** Of the module `train`, to learn in where the model's own is not. */
  readonly runtime?: Runtime;
}

/** Everything that decides over the bits of a learner, with nothing left open. */
export interface LearnerSettings {
  readonly algorithm: 'bptt' | 'rtrl';
  readonly window: number;
  readonly every: number;
  readonly horizon: number;
  readonly loss: ResolvedLoss;
  readonly optimizer: ResolvedOptimizer;
  readonly learningRate: number;
  readonly clipNorm: number;
  readonly clipValue: number;
  /** Names of tensors, sorted. */
  readonly trainable: readonly string[];
  readonly seed: number;
}

/** The most timesteps of a window: a gradient through more is what the memory is short for. */
const MOST = 65536;
const DEFAULT_WINDOW = 32;
/**
 * Of real-time recurrent learning. Two sines that drift (test/train/learner-stream.test.ts), minGRU 24, Adam at 0.001: an
 * update each timestep raised the error before the drift by 48 %, one every 8 by 1 %.
 */
const DEFAULT_EVERY = 8;
/** The options that a learner shares with a training. */
const SHARED: readonly string[] = [
  'optimizer',
  'learningRate',
  'loss',
  'clipNorm',
  'clipValue',
  'trainable',
  'seed',
];

/** @throws RivuletError `invalid-argument`, naming the option, `not-supported` */
export function checkLearnerOptions(
  options: Omit<LearnerOptions, 'runtime'>,
  definition: ModelDefinition,
  ports: Ports,
): LearnerSettings {
  const { algorithm = 'bptt', window, every, horizon = 1, ...rest } = options;
  if (algorithm !== 'bptt' && algorithm !== 'rtrl') throw wrong('algorithm', '"bptt" or "rtrl"', algorithm);
  requireCount('horizon', horizon, MOST);
  const other = Object.keys(rest).find((name) => !SHARED.includes(name));
  if (other !== undefined) {
    throw new RivuletError('invalid-argument', `options: a learner has no option ${show(other)}`);
  }
  const checked = checkOptions(rest, definition);
  const loss =
    checked.loss ?? readLoss(ports.input.kind === 'tokens' ? 'cross-entropy' : 'mean-squared-error');
  if (lossDefinition(loss.type).targets === 'labels') {
    throw new RivuletError(
      'not-supported',
      `options: loss ${show(loss.type)} is of whole sequences, and a learner sees one timestep at a time`,
    );
  }
  const { optimizer, learningRate, clipNorm, clipValue, trainable, seed } = checked;
  const common = { algorithm, horizon, loss, optimizer, learningRate, clipNorm, clipValue, trainable, seed };
  if (algorithm === 'rtrl') {
    if (window !== undefined) {
      throw new RivuletError(
        'invalid-argument',
        'options: window is for algorithm "bptt": "rtrl" goes back to where the stream began; give every, the timesteps ' +
          'from an update to the next',
      );
    }
    requireElementwise(definition, new Set(trainable));
    const between = every ?? DEFAULT_EVERY;
    requireCount('every', between, SEGMENT);
    return { ...common, window: between, every: between };
  }
  const back = window ?? DEFAULT_WINDOW;
  requireCount('window', back, MOST);
  requireCount('every', every ?? back, back);
  return { ...common, window: back, every: every ?? back };
}

function requireCount(name: string, value: unknown, most: number): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most) return;
  throw wrong(name, `an integer from 1 to ${most}`, value);
}

function wrong(name: string, expected: string, got: unknown): RivuletError {
  return new RivuletError('invalid-argument', `options: ${name} must be ${expected}, got ${show(got)}`);
}
