// How values of a vector are brought to a common scale, each by its own statistics over the training data:
//
//   normalized = (value - center) / scale
//   standard   center = mean, scale = standard deviation √(Σ (x - mean)² / n), as scikit-learn's StandardScaler
//   min-max    center = least, scale = largest - least: 0 … 1, as MinMaxScaler
//
// A value that never changes has the scale 1, as in scikit-learn: it becomes 0, and another than the training data had
// becomes its distance from them.

import { RivuletError, show } from '../../errors.ts';

export const SCALING_METHODS = ['standard', 'min-max'] as const;
export type ScalingMethod = (typeof SCALING_METHODS)[number];

/** One number for each value of a vector. */
export interface Scaling {
  readonly center: readonly number[];
  /** Above 0. */
  readonly scale: readonly number[];
}

/** Statistics of a vector as they are measured. */
export interface MeasuredScaling extends Scaling {
  /** Which of its values are the same at all timesteps; their scale is 1. */
  readonly constant: readonly number[];
}

/**
 * Measures values over all timesteps, in float64 and in their order: the same data give the same bits on every engine.
 *
 * @param values [timesteps, size], or several sequences of these
 * @throws RivuletError `wrong-length`, `empty-data`, `invalid-argument`, `non-finite-input`
 */
export function measureScaling(
  values: Float32Array | readonly Float32Array[],
  size: number,
  method: ScalingMethod = 'standard',
): MeasuredScaling {
  const sequences = Array.isArray(values) ? (values as readonly Float32Array[]) : [values as Float32Array];
  if (!SCALING_METHODS.includes(method)) {
    throw new RivuletError(
      'invalid-argument',
      `method must be one of ${SCALING_METHODS.join(', ')}, got ${show(method)}`,
    );
  }
  checkValues(sequences, size);
  const measure = method === 'standard' ? meanAndDeviation : leastAndRange;
  const columns = Array.from({ length: size }, (_, column) => measure(sequences, size, column));
  return {
    center: columns.map(([center]) => center),
    scale: columns.map(([, scale]) => (scale === 0 ? 1 : scale)),
    constant: columns.flatMap(([, scale], column) => (scale === 0 ? [column] : [])),
  };
}

type Measure = (sequences: readonly Float32Array[], size: number, column: number) => [number, number];

const meanAndDeviation: Measure = (sequences, size, column) => {
  // Distances from the first value: those of a constant are exactly 0, and large values lose no digits.
  const origin = sequences.find(({ length }) => length > 0)![column]!;
  let count = 0;
  let sum = 0;
  for (const values of sequences) {
    for (let i = column; i < values.length; i += size) sum += values[i]! - origin;
    count += values.length / size;
  }
  const mean = origin + sum / count;
  let squares = 0;
  for (const values of sequences) {
    for (let i = column; i < values.length; i += size) squares += (values[i]! - mean) * (values[i]! - mean);
  }
  return [mean, Math.sqrt(squares / count)];
};

const leastAndRange: Measure = (sequences, size, column) => {
  let least = Infinity;
  let largest = -Infinity;
  for (const values of sequences) {
    for (let i = column; i < values.length; i += size) {
      least = Math.min(least, values[i]!);
      largest = Math.max(largest, values[i]!);
    }
  }
  return [least, largest - least];
};

function checkValues(sequences: readonly Float32Array[], size: number): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new RivuletError('invalid-argument', `size must be an integer of at least 1, got ${show(size)}`);
  }
  sequences.forEach((values, index) => {
    if (values.length % size !== 0) {
      throw new RivuletError(
        'wrong-length',
        `sequence ${index}: expected a multiple of ${size} values, got length ${values.length}`,
      );
    }
    const wrong = values.findIndex((value) => value - value !== 0);
    if (wrong < 0) return;
    throw new RivuletError(
      'non-finite-input',
      `sequence ${index}: every value must be finite, got ${values[wrong]} at index ${wrong % size} ` +
        `of timestep ${Math.floor(wrong / size)}`,
    );
  });
  if (sequences.some(({ length }) => length > 0)) return;
  throw new RivuletError('empty-data', 'expected at least one timestep to measure, got none');
}
