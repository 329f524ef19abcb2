import { RivuletError, show } from '../../errors.ts';
import { GrowingFloats } from './numbers.ts';

/** One stream of inputs and targets, as `fineTune` takes it, alone or in a list. */
export interface Series {
  /** [timesteps, size of the input] */
  readonly inputs: Float32Array;
  /** Values [timesteps, size of the output], or classes [timesteps]. */
  readonly targets: Float32Array | Uint32Array;
  readonly timesteps: number;
}

export interface SeriesOptions {
  /**
   * Without it the targets of a row belong to the inputs of the same row. With a horizon of n they are the targets of the
   * n rows after it, row by row: what a forecast of n timesteps has to give. The last n rows have none and are no
   * timesteps.
   */
  readonly horizon?: number;
}

/** @throws RivuletError `invalid-argument` */
export function checkHorizon(horizon: number | undefined): number {
  if (horizon === undefined) return 0;
  if (Number.isSafeInteger(horizon) && horizon >= 1) return horizon;
  throw new RivuletError(
    'invalid-argument',
    `horizon must be an integer of at least 1, got ${show(horizon)}; leave it out where the targets stand beside the inputs`,
  );
}

/** Rows of one stream, as they come. */
export class SeriesBuilder {
  readonly #horizon: number;
  readonly #areClasses: boolean;
  readonly #inputs = new GrowingFloats();
  readonly #targets = new GrowingFloats();
  #rows = 0;

  constructor(horizon: number, areClasses: boolean) {
    this.#horizon = horizon;
    this.#areClasses = areClasses;
  }

  get rows(): number {
    return this.#rows;
  }

  /** @param targets values, or one class below 2^24 */
  add(inputs: ArrayLike<number>, targets: ArrayLike<number>): void {
    for (let i = 0; i < inputs.length; i++) this.#inputs.push(inputs[i]!);
    for (let i = 0; i < targets.length; i++) this.#targets.push(targets[i]!);
    this.#rows++;
  }

  /**
   * @param place as errors name it
   * @throws RivuletError `empty-data`
   */
  end(place: string): Series {
    const timesteps = this.#rows - this.#horizon;
    if (timesteps < 1) {
      const least =
        this.#horizon > 0 ? `more than the ${this.#horizon} rows of the horizon` : 'at least one row';
      throw new RivuletError('empty-data', `${place}: expected ${least}, got ${this.#rows}`);
    }
    const inputWidth = this.#inputs.length / this.#rows;
    const inputs = this.#inputs.values().subarray(0, timesteps * inputWidth);
    const targets = this.#targets.values();
    if (this.#areClasses) return { inputs, targets: Uint32Array.from(targets), timesteps };
    return { inputs, targets: lookAhead(targets, this.#rows, this.#horizon), timesteps };
  }
}

/** Of `values` [rows, width]: for each row those of the `horizon` rows after it; as they are where the horizon is 0. */
function lookAhead(values: Float32Array, rows: number, horizon: number): Float32Array {
  if (horizon === 0) return values;
  const width = values.length / rows;
  const timesteps = rows - horizon;
  const result = new Float32Array(timesteps * horizon * width);
  for (let t = 0; t < timesteps; t++) {
    result.set(values.subarray((t + 1) * width, (t + 1 + horizon) * width), t * horizon * width);
  }
  return result;
}
