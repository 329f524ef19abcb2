import { Loss } from '../../../assembly/shared/codes.ts';
import { type LossDefinition, meanOver } from './loss.ts';
import { FINITE, isFiniteValue } from './values.ts';

/** The mean of |x - t| over outputs and rows, as PyTorch's `L1Loss`; its slope where they are equal is 0. */
export interface MeanAbsoluteErrorOptions {
  readonly type: 'mean-absolute-error';
}

export const meanAbsoluteError: LossDefinition<MeanAbsoluteErrorOptions> = {
  code: Loss.MeanAbsoluteError,
  targets: 'values',
  options: {},
  expects: () => FINITE,
  accepts: isFiniteValue,
  guess: (sequences) => meanOver(sequences, (target) => Math.abs(target)),
};
