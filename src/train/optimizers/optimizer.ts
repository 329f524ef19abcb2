import type { Fields } from '../../graph/fields.ts';
import type { TrainExports } from '../../runtime/exports.ts';

/** What every update has, whatever the optimizer. */
export interface UpdateSize {
  readonly learningRate: number;
  /** Gradients of a larger global norm are scaled down to it; Infinity for no bound. */
  readonly clipNorm: number;
  /** After that, each value of a gradient is brought within ± this; Infinity, the default, for no bound. */
  readonly clipValue?: number;
}

/** The trainer that an optimizer updates. */
export interface Target {
  readonly exports: TrainExports;
  /** The trainer's address. */
  readonly at: number;
  /** β₁ᵗ and β₂ᵗ of Adam, 1 before the first update. */
  readonly powers: { beta1: number; beta2: number };
  /** The address of a third moment of the parameters; zero at first, made when it is asked for. */
  thirdMoments(): number;
}

/** One line of the table in table.ts. */
export interface Optimizer<Options> {
  /** By default. */
  readonly learningRate: number;
  /**
   * Options with their defaults.
   *
   * @throws RivuletError `invalid-argument`, naming the option
   */
  readonly read: (fields: Fields) => Options;
  readonly update: (target: Target, options: Options, size: Required<UpdateSize>) => void;
}
