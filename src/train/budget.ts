// A window of a graph that goes forward in time, in segments of SEGMENT timesteps, and how many of them keep their tapes.
//
// Gradients are added from the last segment to the first, whatever fits into memory: a budget changes no bit.

import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { inferShapes } from '../graph/validate.ts';
import type { TrainExports } from '../runtime/exports.ts';
import { lossDefinition, type ResolvedLoss } from './losses/table.ts';

/** Timesteps of a segment: as many as a window mostly has, and few enough for its tape to stay in the cache. */
export const SEGMENT = 64;

/** How the longest window is cut. */
export interface Segments {
  /** Timesteps of each but the last. */
  readonly length: number;
  readonly count: number;
  /** Those that keep their tapes. */
  readonly resident: number;
}

/** A part of a window. */
export interface Segment {
  readonly index: number;
  /** Its first timestep. */
  readonly from: number;
  readonly timesteps: number;
}

export function cutSegments(timesteps: number, length: number): Segment[] {
  return Array.from({ length: Math.ceil(timesteps / length) }, (_, index) => {
    const from = index * length;
    return { index, from, timesteps: Math.min(length, timesteps - from) };
  });
}

/**
 * As many resident segments as fit into the budget, all without one.
 *
 * @param plan address of the plan
 * @throws RivuletError `not-supported`, naming what needs the whole window; `invalid-argument` with the smallest budget
 */
export function fitSegments(
  exports: TrainExports,
  plan: number,
  definition: ModelDefinition,
  loss: ResolvedLoss,
  asked: { readonly batchSize: number; readonly unroll: number; readonly memoryBudget?: number },
  encoderUnroll: number,
): Segments {
  const { batchSize, unroll, memoryBudget } = asked;
  const whole = needsWhole(definition, loss);
  if (whole !== undefined && memoryBudget !== undefined) {
    throw new RivuletError(
      'not-supported',
      `memoryBudget: ${whole}, so a window cannot go in segments: leave the budget out, and lower unroll or batchSize`,
    );
  }
  const length = whole === undefined ? Math.min(SEGMENT, unroll) : unroll;
  const count = Math.ceil(unroll / length);
  if (memoryBudget === undefined) return { length, count, resident: count };
  const bytes = (resident: number) =>
    exports.trainerWindowBytes(plan, batchSize, length, encoderUnroll, count, resident) >>> 0;
  const least = bytes(1);
  requireBudget(memoryBudget, least, asked);
  const two = bytes(2); // 0 where they are more than an address space holds
  const more = two > least ? Math.floor((memoryBudget - least) / (two - least)) : 0;
  return { length, count, resident: Math.min(count, 1 + more) };
}

/** Why the gradient of a window needs all of it at once, in words; undefined where it does not. */
function needsWhole(definition: ModelDefinition, loss: ResolvedLoss): string | undefined {
  if (lossDefinition(loss.type).targets === 'labels')
    return `loss ${show(loss.type)} compares whole sequences with their labels`;
  const { firstNotStreamable } = inferShapes(definition);
  if (firstNotStreamable !== undefined) {
    return `node ${show(firstNotStreamable)} goes backward in time and sees the end of a window first`;
  }
  const first = definition.graph.encoder?.nodes[0];
  return first && `node ${show(first.name)} is of an encoder, which goes before every window`;
}

function requireBudget(
  budget: unknown,
  least: number,
  { batchSize, unroll }: { readonly batchSize: number; readonly unroll: number },
): void {
  if (least === 0) return; // more than an address space holds: the allocation says so
  if (typeof budget === 'number' && budget >= least) return;
  throw new RivuletError(
    'invalid-argument',
    `memoryBudget must be a number of bytes, for ${batchSize} streams × ${unroll} timesteps of this model at least ` +
      `${least}, got ${show(budget)}`,
  );
}
