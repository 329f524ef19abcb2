import { RivuletError } from '../../errors.ts';
import { describe } from '../../graph/fields.ts';

/** A list of numbers out of a file, taken from its front, part by part. */
export class WeightList {
  readonly #values: Float32Array;
  #taken = 0;

  /**
   * @param expected how many there must be, by the sizes that the file gives
   * @throws RivuletError `wrong-shape`, `non-finite-weight`
   */
  constructor(values: readonly unknown[], expected: number) {
    if (values.length !== expected) {
      throw new RivuletError(
        'wrong-shape',
        `weights: the sizes in config take ${expected} numbers, got ${values.length}`,
      );
    }
    this.#values = new Float32Array(expected);
    for (const [index, value] of values.entries()) {
      if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
        throw new RivuletError(
          'non-finite-weight',
          `weights[${index}] must be a finite float32, got ${describe(value)}`,
        );
      }
      this.#values[index] = value;
    }
  }

  /** The next `count`, a view. */
  take(count: number): Float32Array {
    this.#taken += count;
    return this.#values.subarray(this.#taken - count, this.#taken);
  }
}
