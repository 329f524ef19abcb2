import type { Runtime } from './runtime.ts';

/** What random numbers are for: each has a stream of its own, so that a further draw in one shifts no other. */
export const Purpose = { Weights: 1, Order: 2, Adapters: 3 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** A safe integer has 53 bits: the upper word of a seed has 21, and the purpose stands above them. */
const PURPOSE_UNIT = 2 ** 21;

/**
 * Random numbers of the module's own generator, which gives the same ones on every engine. It has no state: a number
 * is a function of seed, purpose and index, so a resumed training needs to know nothing but where it is.
 */
export class Draws {
  readonly #uniform: Runtime['exports']['uniform'];
  readonly #low: number;
  readonly #high: number;

  /** @param seed a non-negative safe integer */
  constructor(runtime: Runtime, seed: number, purpose: Purpose) {
    this.#uniform = runtime.exports.uniform;
    this.#low = seed >>> 0;
    this.#high = Math.floor(seed / 2 ** 32) + purpose * PURPOSE_UNIT;
  }

  /** In [0, 1), 24 bits; `index` counts modulo 2^32. */
  uniform(index: number): number {
    return this.#uniform(this.#low, this.#high, index >>> 0);
  }

  /** An integer in [0, n), n below 2^24. */
  integer(index: number, n: number): number {
    return Math.floor(this.uniform(index) * n);
  }

  /** Puts a list in random order (Fisher and Yates), with the draws first … first + list.length. */
  shuffle(list: unknown[], first: number): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(first + i, i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }
}
