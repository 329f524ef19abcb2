/** Vectors and matrices in float64: all that the reference cells need. */

/** `data`: [rows, columns], row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** y[n] = sum over k of matrix[n, k] * x[k]; x: [columns], y: [rows] */
export function multiply(matrix: Matrix, x: Float64Array): Float64Array {
  const { rows, columns, data } = matrix;
  if (x.length !== columns) throw new Error(`a matrix of ${columns} columns times a vector of ${x.length}`);
  const y = new Float64Array(rows);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) y[n]! += data[n * columns + k]! * x[k]!;
  }
  return y;
}

export function add(...terms: Float64Array[]): Float64Array {
  const [first, ...others] = terms as [Float64Array, ...Float64Array[]];
  return first.map((value, n) => others.reduce((sum, term) => sum + term[n]!, value));
}

/** Rows `first` to `first + rows` as a matrix of their own. */
export function rowsOf(matrix: Matrix, first: number, rows: number): Matrix {
  const { columns, data } = matrix;
  return { rows, columns, data: data.subarray(first * columns, (first + rows) * columns) };
}

export function concat(...parts: Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
