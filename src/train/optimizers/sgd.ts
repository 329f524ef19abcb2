import { RivuletError } from '../../errors.ts';
import { BELOW_ONE, NOT_NEGATIVE, number } from '../ranges.ts';
import type { Optimizer } from './optimizer.ts';

/** Stochastic gradient descent with momentum. */
export interface SgdOptions {
  readonly type: 'sgd';
  /** 0.9 unless given, in [0, 1). */
  readonly momentum?: number;
  /** The momentum looks ahead (Nesterov; Sutskever et al. 2013); false unless given. */
  readonly nesterov?: boolean;
  /**
   * Decoupled (SGDW, Loshchilov and Hutter 2019): an update begins with weight × (1 - learning rate × this). Without
   * momentum that is classic decay (L2), as PyTorch's SGD has it; with momentum PyTorch's accumulates in it, about
   * 1 / (1 - momentum) times as strong. 0 unless given.
   */
  readonly weightDecay?: number;
}

export const sgd: Optimizer<Required<SgdOptions>> = {
  learningRate: 0.01,
  read: (fields) => {
    const momentum = number(fields, 'momentum', 0.9, BELOW_ONE);
    const nesterov = fields.has('nesterov') ? fields.boolean('nesterov') : false;
    if (nesterov && momentum === 0) {
      throw new RivuletError(
        'invalid-argument',
        `${fields.place}: nesterov needs a momentum above 0, got 0: leave nesterov out`,
      );
    }
    return { type: 'sgd', momentum, nesterov, weightDecay: number(fields, 'weightDecay', 0, NOT_NEGATIVE) };
  },
  update: ({ exports, at }, { momentum, nesterov, weightDecay }, { learningRate, clipNorm, clipValue }) => {
    const decay = 1 - learningRate * weightDecay;
    exports.updateSgd(at, clipNorm, clipValue, momentum, nesterov ? 1 : 0, learningRate, decay);
  },
};
