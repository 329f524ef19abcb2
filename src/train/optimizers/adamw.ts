import { NOT_NEGATIVE, number } from '../ranges.ts';
import { readMoments, updateMoments } from './adam.ts';
import type { Optimizer } from './optimizer.ts';

/** AdamW (Loshchilov and Hutter 2019). */
export interface AdamWOptions {
  readonly type: 'adamw';
  /** As of Adam: 0.9 unless given, in [0, 1). */
  readonly beta1?: number;
  /** 0.999 unless given, in [0, 1). */
  readonly beta2?: number;
  /** 1e-8 unless given. */
  readonly epsilon?: number;
  /** Decoupled: an update begins with weight × (1 - learning rate × this); 0.01 unless given, as PyTorch's AdamW. */
  readonly weightDecay?: number;
}

export const adamw: Optimizer<Required<AdamWOptions>> = {
  learningRate: 0.001,
  read: (fields) => ({
    type: 'adamw',
    ...readMoments(fields),
    weightDecay: number(fields, 'weightDecay', 0.01, NOT_NEGATIVE),
  }),
  update: (target, options, size) =>
    updateMoments(target, options, size, 0, 1 - size.learningRate * options.weightDecay),
};
