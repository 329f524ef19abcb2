// A new optimizer is a file and a line here (and its update in assembly/train/update.ts).

import { readFields } from '../../graph/fields.ts';
import { type AdamOptions, adam } from './adam.ts';
import { type AdamWOptions, adamw } from './adamw.ts';
import type { Optimizer, Target, UpdateSize } from './optimizer.ts';
import { type RmspropOptions, rmsprop } from './rmsprop.ts';
import { type SgdOptions, sgd } from './sgd.ts';

export type OptimizerOptions = AdamOptions | AdamWOptions | RmspropOptions | SgdOptions;
export type OptimizerName = OptimizerOptions['type'];
export type ResolvedOptimizer = {
  [Name in OptimizerName]: Required<Extract<OptimizerOptions, { type: Name }>>;
}[OptimizerName];

/** One update: an optimizer with all of its options, and how far to go. */
export type OptimizerStep = ResolvedOptimizer & UpdateSize;

const OPTIMIZERS: {
  readonly [Name in OptimizerName]: Optimizer<Extract<ResolvedOptimizer, { type: Name }>>;
} = { adam, adamw, rmsprop, sgd };

export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as readonly OptimizerName[];

/**
 * @param value a name, or an object with the name as its `type`
 * @returns with all defaults filled in
 * @throws RivuletError `invalid-argument`, naming the option
 */
export function readOptimizer(value: unknown): ResolvedOptimizer {
  const given = typeof value === 'string' ? { type: value } : value;
  return readFields(given, 'options: optimizer', 'invalid-argument', (fields) =>
    OPTIMIZERS[fields.oneOf('type', OPTIMIZER_NAMES)].read(fields),
  );
}

/** What the learning rate of an optimizer is where none is given. */
export function defaultLearningRate(name: OptimizerName): number {
  return OPTIMIZERS[name].learningRate;
}

export function updateBy(target: Target, step: OptimizerStep): void {
  const optimizer = OPTIMIZERS[step.type] as Optimizer<ResolvedOptimizer>;
  optimizer.update(target, step, { clipValue: Infinity, ...step });
}
