import { BELOW_ONE, NOT_NEGATIVE, number, POSITIVE } from '../ranges.ts';
import type { Optimizer } from './optimizer.ts';

/** RMSprop (Tieleman and Hinton 2012), as PyTorch has it. */
export interface RmspropOptions {
  readonly type: 'rmsprop';
  /** Of the mean of the gradient's square: 0.99 unless given, in [0, 1). */
  readonly alpha?: number;
  /** Outside the root: 1e-8 unless given. */
  readonly epsilon?: number;
  /** 0 unless given, in [0, 1). */
  readonly momentum?: number;
  /** The mean of the gradient is taken from it (Graves 2013), for one more moment of memory; false unless given. */
  readonly centered?: boolean;
  /** Classic (L2): added to the gradient, times the weight; 0 unless given. */
  readonly weightDecay?: number;
}

export const rmsprop: Optimizer<Required<RmspropOptions>> = {
  learningRate: 0.01,
  read: (fields) => ({
    type: 'rmsprop',
    alpha: number(fields, 'alpha', 0.99, BELOW_ONE),
    epsilon: number(fields, 'epsilon', 1e-8, POSITIVE),
    momentum: number(fields, 'momentum', 0, BELOW_ONE),
    centered: fields.has('centered') ? fields.boolean('centered') : false,
    weightDecay: number(fields, 'weightDecay', 0, NOT_NEGATIVE),
  }),
  update: (target, options, { learningRate, clipNorm, clipValue }) => {
    const { alpha, epsilon, momentum, centered, weightDecay } = options;
    const means = centered ? target.thirdMoments() : 0;
    const { exports, at } = target;
    exports.updateRmsprop(
      at,
      clipNorm,
      clipValue,
      weightDecay,
      alpha,
      epsilon,
      momentum,
      means,
      learningRate,
    );
  },
};
