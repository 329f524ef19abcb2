import type { Fields } from '../../graph/fields.ts';
import { BELOW_ONE, NOT_NEGATIVE, number, POSITIVE } from '../ranges.ts';
import type { Optimizer, Target, UpdateSize } from './optimizer.ts';

/** Adam (Kingma and Ba 2015). */
export interface AdamOptions {
  readonly type: 'adam';
  /** Of the mean of the gradient: 0.9 unless given, in [0, 1). */
  readonly beta1?: number;
  /** Of the mean of its square: 0.999 unless given, in [0, 1). */
  readonly beta2?: number;
  /** 1e-8 unless given. */
  readonly epsilon?: number;
  /** Classic (L2), as PyTorch's Adam has it: added to the gradient, times the weight; 0 unless given. */
  readonly weightDecay?: number;
}

export const adam: Optimizer<Required<AdamOptions>> = {
  learningRate: 0.001,
  read: (fields) => ({
    type: 'adam',
    ...readMoments(fields),
    weightDecay: number(fields, 'weightDecay', 0, NOT_NEGATIVE),
  }),
  update: (target, options, size) => updateMoments(target, options, size, options.weightDecay, 1),
};

export interface Moments {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export function readMoments(fields: Fields): Moments {
  return {
    beta1: number(fields, 'beta1', 0.9, BELOW_ONE),
    beta2: number(fields, 'beta2', 0.999, BELOW_ONE),
    epsilon: number(fields, 'epsilon', 1e-8, POSITIVE),
  };
}

/** @param decay what the weights are multiplied by before the step */
export function updateMoments(
  { exports, at, powers }: Target,
  { beta1, beta2, epsilon }: Moments,
  { learningRate, clipNorm, clipValue }: Required<UpdateSize>,
  l2: number,
  decay: number,
): void {
  powers.beta1 *= beta1;
  powers.beta2 *= beta2;
  const rate = learningRate / (1 - powers.beta1);
  const root = 1 / Math.sqrt(1 - powers.beta2);
  exports.updateAdam(at, clipNorm, clipValue, l2, beta1, beta2, rate, root, epsilon, decay);
}
