import type { Loss } from '../../../assembly/shared/codes.ts';
import type { LossOption } from './option.ts';

/**
 * What a loss compares the output with, at each timestep: a class, or a value for each output. `labels` belong to a whole
 * sequence, in their order, and are not aligned with its timesteps.
 */
export type TargetKind = 'classes' | 'values' | 'labels';

/** Targets of sequences, as the loss that wants them checks them. */
export interface LossTargets {
  readonly targets: Uint32Array | Float32Array;
  readonly timesteps: number;
}

/** A loss with all of its options, as it is resolved: plain JSON, in the order of the table. */
export type Resolved<Options> = { readonly [Name in keyof Required<Options>]: Required<Options>[Name] };

/** One loss, a line of table.ts; what it computes stands in assembly/train/loss/. */
export interface LossDefinition<Options extends { readonly type: string }> {
  /** In the module. */
  readonly code: Loss;
  readonly targets: TargetKind;
  /** What it does to the output itself: a graph that ends in it is refused. */
  readonly activation?: 'softmax' | 'sigmoid';
  /** Every option, how it is read and what it is by default. */
  readonly options: { readonly [Name in Exclude<keyof Options, 'type'>]-?: LossOption<Options[Name]> };
  /** What each target must be, in words, and whether it is: `outputs` is the size of the output. */
  expects(outputs: number, loss: Resolved<Options>): string;
  accepts(value: number, outputs: number, loss: Resolved<Options>): boolean;
  /** What the module is told: a number and a class or -1, see Criterion; and the weights by class or output. */
  constants?(loss: Resolved<Options>): {
    readonly option?: number;
    readonly label?: number;
    readonly weights?: number | readonly number[] | null;
  };
  /** What a target of this value weighs in the mean; 1 where it is not there. */
  weight?(target: number, loss: Resolved<Options>): number;
  /** The loss of who has learnt nothing and gives zeros, of sequences of `outputs` outputs. `log`: the natural logarithm. */
  guess(
    sequences: readonly LossTargets[],
    outputs: number,
    log: (n: number) => number,
    loss: Resolved<Options>,
  ): number;
}

/** The mean of a term over all targets, each with its index in its sequence. */
export function meanOver(
  sequences: readonly LossTargets[],
  term: (target: number, index: number) => number,
): number {
  let sum = 0;
  let count = 0;
  for (const { targets } of sequences) {
    for (let i = 0; i < targets.length; i++) sum += term(targets[i]!, i);
    count += targets.length;
  }
  return sum / count;
}
