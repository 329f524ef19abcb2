import { Loss } from '../../../assembly/shared/codes.ts';
import { type LossDefinition, meanOver } from './loss.ts';
import { real } from './option.ts';
import { FINITE, isFiniteValue } from './values.ts';

/**
 * The squared error for small differences d = x - t, the absolute one for large (Huber 1964), as PyTorch's `HuberLoss`: the
 * mean over outputs and rows of d² / 2 where |d| < delta, and of delta (|d| - delta / 2) elsewhere.
 */
export interface HuberOptions {
  readonly type: 'huber';
  /** Above 0, in the unit of the targets; 1 unless given. */
  readonly delta?: number;
}

export const huber: LossDefinition<HuberOptions> = {
  code: Loss.Huber,
  targets: 'values',
  options: { delta: real(1, 'above 0 and at most 1e18', (x) => x > 0 && x <= 1e18) },
  expects: () => FINITE,
  accepts: isFiniteValue,
  constants: ({ delta }) => ({ option: delta }),
  guess: (sequences, _outputs, _log, { delta }) =>
    meanOver(sequences, (target) => {
      const size = Math.abs(target);
      return size < delta ? (size * size) / 2 : delta * (size - delta / 2);
    }),
};
