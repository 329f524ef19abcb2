import { RivuletError, show } from '../../errors.ts';

/** [timesteps] where a timestep has one value, [timesteps][size], or all values one after the other. */
export type PlainValues = readonly number[] | readonly ArrayLike<number>[];

/**
 * Plain arrays as a Float32Array [timesteps, width]. Whether the values are finite is for the caller to see.
 *
 * @param place whose values, as errors name it: `data: inputs`
 * @throws RivuletError `invalid-argument`, `wrong-length`, naming the timestep
 */
export function floatsOf(values: PlainValues, width: number, place: string): Float32Array {
  if (!isNested(values)) {
    return Float32Array.from(values as readonly number[], (value, i) => {
      if (typeof value === 'number') return value;
      throw noNumber(value, i % width, Math.floor(i / width), place);
    });
  }
  const result = new Float32Array(values.length * width);
  values.forEach((row, timestep) => {
    if (typeof row !== 'object' || row?.length !== width) {
      const got = typeof row === 'object' && row ? `${row.length}` : show(row);
      throw new RivuletError(
        'wrong-length',
        `${place}: expected ${width} value${width > 1 ? 's' : ''} at timestep ${timestep}, got ${got}`,
      );
    }
    for (let i = 0; i < width; i++) {
      if (typeof row[i] !== 'number') throw noNumber(row[i], i, timestep, place);
      result[timestep * width + i] = row[i]!;
    }
  });
  return result;
}

/**
 * Plain tokens or classes as a Uint32Array [timesteps].
 *
 * @throws RivuletError `code` for what is no integer from 0 on, naming the timestep
 */
export function wordsOf(
  values: PlainValues,
  place: string,
  code: 'token-out-of-range' | 'invalid-target',
): Uint32Array {
  return Uint32Array.from(values as readonly number[], (value, timestep) => {
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
    throw new RivuletError(
      code,
      `${place}: expected an integer from 0 on, got ${show(value)} at timestep ${timestep}`,
    );
  });
}

/** Whether each timestep is an array of its own. */
export function isNested(values: PlainValues): values is readonly ArrayLike<number>[] {
  return typeof values[0] === 'object' && values[0] !== null;
}

function noNumber(value: unknown, index: number, timestep: number, place: string): RivuletError {
  return new RivuletError(
    'invalid-argument',
    `${place}: expected numbers, got ${show(value)} at index ${index} of timestep ${timestep}`,
  );
}
