import { Loss } from '../../../assembly/shared/codes.ts';
import type { LossDefinition } from './loss.ts';
import { classOfModel } from './option.ts';

/**
 * Connectionist temporal classification (Graves et al. 2006) of logits against the labels of a sequence, in their order but
 * aligned with no timesteps, in nats, as PyTorch's `CTCLoss` over log softmax: -log of the probability of all alignments,
 * over the number of labels (or 1), and of that the mean over sequences. `ctcGreedy` and `ctcBeamSearch` read such an output.
 *
 * A sequence is one window: `unroll` covers the longest.
 */
export interface CtcOptions {
  readonly type: 'ctc';
  /** The class between labels, none of which it is; 0 unless given. */
  readonly blank?: number;
}

export const ctc: LossDefinition<CtcOptions> = {
  code: Loss.Ctc,
  targets: 'labels',
  activation: 'softmax',
  options: { blank: classOfModel(0) },
  expects: (outputs, { blank }) => `expected labels in 0 … ${outputs - 1} other than the blank, ${blank}`,
  accepts: (value, outputs, { blank }) => value < outputs && value !== blank,
  constants: ({ blank }) => ({ label: blank }),
  // One alignment where every class is equally likely; there are many more, so that guessing gives at most as much.
  guess(sequences, outputs, log) {
    const mean = sequences.reduce(
      (sum, { targets, timesteps }) => sum + timesteps / Math.max(1, targets.length),
      0,
    );
    return (log(outputs) * mean) / sequences.length;
  },
};

/** Timesteps that labels need: one each, and one more for the blank between a label and its repeat. */
export function leastTimesteps(labels: ArrayLike<number>): { timesteps: number; repeats: number } {
  let repeats = 0;
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) repeats++;
  return { timesteps: labels.length + repeats, repeats };
}
