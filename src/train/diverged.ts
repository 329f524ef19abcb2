import { RivuletError } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';

export interface Divergence {
  /** The update that was not made, counted from 1. */
  readonly update: number;
  readonly updates: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly clipNorm: number;
  /** What is wrong, e.g. `the loss is NaN`. */
  readonly reason: string;
}

/** A training that cannot go on; `lastGood` is what it had learnt while all was well. */
export class DivergedError extends RivuletError {
  declare readonly code: 'diverged';
  readonly update: number;
  /** NaN or infinity, or far above what guessing gives. */
  readonly loss: number;
  readonly learningRate: number;
  /**
   * The float32 model after `update` updates: the latest of those kept every 100 updates while the loss was as it
   * should be, or the model that the training began with (update 0).
   */
  readonly lastGood: { readonly update: number; readonly definition: ModelDefinition };

  constructor(divergence: Divergence, lastGood: DivergedError['lastGood']) {
    const { update, updates, loss, gradientNorm, learningRate, clipNorm, reason } = divergence;
    const clip = clipNorm === Infinity ? 'set clipNorm, 1 for instance' : `set clipNorm below ${clipNorm}`;
    super(
      'diverged',
      `the training diverged at update ${update} of ${updates}: ${reason} ` +
        `(loss ${loss}, gradient norm ${gradientNorm}, learning rate ${learningRate}). This update was not made. ` +
        `Lower learningRate, or ${clip}; the error's lastGood is the model after ${lastGood.update} updates`,
    );
    this.update = update;
    this.loss = loss;
    this.learningRate = learningRate;
    this.lastGood = lastGood;
  }
}
