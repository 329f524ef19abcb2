// What the validation losses decide, epoch by epoch: whether the learning rate falls, which weights are the best, and when
// it is enough.

import type { ResolvedSchedule } from './schedule.ts';

export interface EarlyStopping {
  /** The training ends after so many epochs in a row without an improvement: 5 unless given, at least 1. */
  readonly patience?: number;
  /** An improvement is a validation loss that is lower than the best before it by more than this: 0 unless given. */
  readonly minDelta?: number;
}

/** Numbers, so that a checkpoint can hold them. */
export interface Verdict {
  /** What a plateau has left of the learning rate. */
  learningRate: number;
  /** The loss of the last improvement, by either's measure, and epochs since. */
  plateauBest: number;
  plateauWaited: number;
  stopBest: number;
  stopWaited: number;
  /** The lowest loss of all epochs. */
  lowest: number;
  /** 1 when early stopping has ended the training. */
  stopped: number;
}

/** Before the first epoch. JSON has no infinity. */
export function firstVerdict(learningRate: number): Verdict {
  const best = Number.MAX_VALUE;
  return {
    learningRate,
    plateauBest: best,
    plateauWaited: 0,
    stopBest: best,
    stopWaited: 0,
    lowest: best,
    stopped: 0,
  };
}

/**
 * Counts an epoch with this validation loss. One that is not a number is no improvement.
 *
 * @returns whether it is the lowest so far
 */
export function judge(
  verdict: Verdict,
  validation: number,
  options: { readonly schedule: ResolvedSchedule; readonly earlyStopping: Required<EarlyStopping> | null },
): boolean {
  const { schedule, earlyStopping } = options;
  if (schedule.type === 'plateau') lowerRate(verdict, validation, schedule);
  if (earlyStopping) {
    const improved = validation < verdict.stopBest - earlyStopping.minDelta;
    verdict.stopWaited = improved ? 0 : verdict.stopWaited + 1;
    if (improved) verdict.stopBest = validation;
    if (verdict.stopWaited >= earlyStopping.patience) verdict.stopped = 1;
  }
  const isLowest = validation < verdict.lowest;
  if (isLowest) verdict.lowest = validation;
  return isLowest;
}

function lowerRate(
  verdict: Verdict,
  validation: number,
  { patience, factor, minDelta, min }: Extract<ResolvedSchedule, { type: 'plateau' }>,
): void {
  const improved = validation < verdict.plateauBest - minDelta;
  verdict.plateauWaited = improved ? 0 : verdict.plateauWaited + 1;
  if (improved) verdict.plateauBest = validation;
  if (verdict.plateauWaited < patience) return;
  verdict.plateauWaited = 0;
  verdict.learningRate = Math.max(verdict.learningRate * factor, min);
}
