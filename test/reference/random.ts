/**
 * A seeded generator for tests: sfc32 of PractRand (Chris Doty-Humphrey, public domain), 128 bits of state.
 * The same seed gives the same numbers on every host, but for gaussian(), which uses the host's Math.
 */
export class Random {
  readonly seed: number;
  #a = 0;
  #b: number;
  #c = 0;
  #counter = 1;

  /** seed: an integer, of which the low 32 bits count. */
  constructor(seed: number) {
    this.seed = seed;
    this.#b = seed | 0;
    for (let round = 0; round < 12; round++) this.bits();
  }

  /** 32 random bits, as an integer from 0 to 2^32 - 1. */
  bits(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** In [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** An integer in [low, high), each as likely but for a bias below (high - low) / 2^32. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low));
  }

  /** Normally distributed (Box and Muller). */
  gaussian(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length)]!;
  }

  uniforms(count: number, low = 0, high = 1): Float32Array {
    return Float32Array.from({ length: count }, () => this.uniform(low, high));
  }

  gaussians(count: number, mean = 0, deviation = 1): Float32Array {
    return Float32Array.from({ length: count }, () => this.gaussian(mean, deviation));
  }

  /** `count` integers in [low, high), low not negative: e.g. tokens. */
  integers(count: number, low: number, high: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.integer(low, high));
  }
}
