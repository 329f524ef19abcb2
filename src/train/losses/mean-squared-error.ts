import { Loss } from '../../../assembly/shared/codes.ts';
import { type LossDefinition, meanOver } from './loss.ts';
import { FINITE, isFiniteValue } from './values.ts';

/** The mean of (x - t)² over outputs and rows, as PyTorch's `MSELoss`. */
export interface MeanSquaredErrorOptions {
  readonly type: 'mean-squared-error';
}

export const meanSquaredError: LossDefinition<MeanSquaredErrorOptions> = {
  code: Loss.MeanSquaredError,
  targets: 'values',
  options: {},
  expects: () => FINITE,
  accepts: isFiniteValue,
  guess: (sequences) => meanOver(sequences, (target) => target * target),
};
