import { Loss } from '../../../assembly/shared/codes.ts';
import { type LossDefinition, meanOver } from './loss.ts';
import { weightOrList } from './option.ts';

/**
 * Of logits x against probabilities t, each output by itself, in nats, as PyTorch's `BCEWithLogitsLoss`: with the weight w
 * of what is positive
 *
 *     loss = mean over outputs and rows of -(w t log σ(x) + (1 - t) log(1 - σ(x)))
 *
 * The mean is over the number of outputs, whatever w is.
 */
export interface BinaryCrossEntropyOptions {
  readonly type: 'binary-cross-entropy';
  /** Of the term of t, for all outputs or for each: above 1 it finds more of what is rare. 1 unless given. */
  readonly positiveWeight?: number | readonly number[] | null;
}

export const binaryCrossEntropy: LossDefinition<BinaryCrossEntropyOptions> = {
  code: Loss.BinaryCrossEntropy,
  targets: 'values',
  activation: 'sigmoid',
  options: { positiveWeight: weightOrList('output') },
  expects: () => 'every value must be from 0 to 1',
  accepts: (value) => value >= 0 && value <= 1,
  constants: ({ positiveWeight }) => ({ weights: positiveWeight }),
  // σ(0) = ½
  guess(sequences, outputs, log, { positiveWeight }) {
    const weightOf = (i: number) =>
      typeof positiveWeight === 'number' ? positiveWeight : (positiveWeight?.[i % outputs] ?? 1);
    return log(2) * meanOver(sequences, (target, i) => 1 - target + weightOf(i) * target);
  },
};
