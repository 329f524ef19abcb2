import { decode, type Model } from '../../../src/index.ts';
import { END, MAX_LENGTH, START, solve, type Task, testStrings } from '../../train/digits/strings.ts';

/** Of the test strings of one length: how many there are, and how many a model solves to the last digit. */
export interface LengthScore {
  readonly length: number;
  readonly strings: number;
  readonly exact: number;
}

/** What a model makes of a string, the most likely token each time; undefined where it finds no end. */
export function answer(model: Model, digits: readonly number[]): readonly number[] | undefined {
  using session = model.createSession();
  session.encode(Uint32Array.from(digits));
  const { tokens, ended } = decode(session, { start: START, end: END, maxLength: MAX_LENGTH });
  return ended ? [...tokens] : undefined;
}

/** Exact matches on the test set, length by length. */
export function measure(model: Model, task: Task): readonly LengthScore[] {
  const scores = Array.from({ length: MAX_LENGTH }, (_, i) => ({ length: i + 1, strings: 0, exact: 0 }));
  for (const digits of testStrings(model.runtime)) {
    const score = scores[digits.length - 1]!;
    score.strings++;
    if (answer(model, digits)?.join('') === solve(task, digits).join('')) score.exact++;
  }
  return scores;
}

/** Exact matches over all lengths, 0 … 1. */
export function exactMatch(scores: readonly LengthScore[]): number {
  const sum = (of: (score: LengthScore) => number) => scores.reduce((total, score) => total + of(score), 0);
  return sum(({ exact }) => exact) / sum(({ strings }) => strings);
}
