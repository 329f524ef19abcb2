/** The tasks, and their strings: digits 0–9, 1 to 20 of them, as the tokens 0 … 9. */
import type { Runtime } from '../../../src/index.ts';

export const TASKS = ['reverse', 'sort'] as const;
export type Task = (typeof TASKS)[number];

export const MAX_LENGTH = 20;
/** What the decoder gives behind the last digit, and what it reads before the first. */
export const END = 10;
export const START = 11;

/** Test strings of each length, but no more than a fifth of all that there are of it: 2 of the 10 of length 1. */
const TESTED = 100;
const TESTED_SHARE = 0.2;
const TEST_SEED = 20;

/** What a model of the task makes of the digits. */
export function solve(task: Task, digits: readonly number[]): number[] {
  return task === 'reverse' ? digits.toReversed() : digits.toSorted((a, b) => a - b);
}

/** The same strings for every task and every seed of a training: by length, all different. */
export function testStrings(runtime: Runtime): readonly (readonly number[])[] {
  const draw = digitsFrom(runtime, TEST_SEED);
  const taken = new Set<string>();
  return Array.from({ length: MAX_LENGTH }, (_, i) => {
    const strings: number[][] = [];
    while (strings.length < Math.min(TESTED, TESTED_SHARE * 10 ** (i + 1))) {
      const string = draw(i + 1);
      if (taken.has(string.join(''))) continue;
      taken.add(string.join(''));
      strings.push(string);
    }
    return strings;
  }).flat();
}

/** Random strings of random length, none of them in the test set. */
export function trainingStrings(runtime: Runtime, seed: number): () => readonly number[] {
  const tested = new Set(testStrings(runtime).map((string) => string.join('')));
  const draw = digitsFrom(runtime, seed);
  return () => {
    for (;;) {
      const string = draw();
      if (!tested.has(string.join(''))) return string;
    }
  };
}

/** A string of a length, or of a random one, each time it is called. */
function digitsFrom({ exports }: Runtime, seed: number): (length?: number) => number[] {
  let index = 0;
  const below = (n: number) => Math.floor(exports.uniform(seed, 0, index++) * n);
  return (length = 1 + below(MAX_LENGTH)) => Array.from({ length }, () => below(10));
}
