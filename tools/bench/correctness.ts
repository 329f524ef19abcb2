import { scaledError } from '../../test/reference/compare.ts';
import { ReferenceSession } from '../../test/reference/graph.ts';
import type { BenchCase } from './cases.ts';
import { noise } from './cases.ts';
import type { Contender } from './contender.ts';

/**
 * Greatest scaled error against the float64 reference with the contender's own weights. float32: roundings and the
 * rational tanh, 1.3e-6 in the study; int8: the activations' 16 bits, 5e-5, where wrong weights give more than 1e-2.
 */
export const TOLERANCE: Readonly<Record<BenchCase['weights'], number>> = { float32: 3e-6, int8: 5e-4 };

const TIMESTEPS = 8;

/** The greatest scaled error of a contender's first steps. */
export function errorOf(contender: Contender, size: number): number {
  const reference = new ReferenceSession(contender.definition);
  let greatest = 0;
  for (const x of noise(size, TIMESTEPS, 2)) {
    greatest = Math.max(greatest, scaledError(contender.step(x), reference.step(x)));
  }
  return greatest;
}

/** @throws Error naming what is wrong, before anything wrong is timed */
export function requireCorrect(
  name: string,
  contender: Contender,
  { cell, weights, size }: BenchCase,
): number {
  const error = errorOf(contender, size);
  if (!(error <= TOLERANCE[weights])) {
    throw new Error(
      `${name}, ${cell} ${weights} ${size}: the output is ${error} off the float64 reference, ` +
        `at most ${TOLERANCE[weights]} is allowed`,
    );
  }
  return error;
}
