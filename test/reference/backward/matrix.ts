/** What backward passes need beside ../matrix.ts: the two products in which a matrix's gradient appears. */
import { add, type Matrix } from '../matrix.ts';

/** x[k] = sum over n of matrix[n, k] * y[n]; y: [rows], x: [columns] */
export function multiplyTransposed(matrix: Matrix, y: Float64Array): Float64Array {
  const { rows, columns, data } = matrix;
  if (y.length !== rows) throw new Error(`a transposed matrix of ${rows} rows times a vector of ${y.length}`);
  const x = new Float64Array(columns);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) x[k]! += data[n * columns + k]! * y[n]!;
  }
  return x;
}

/** matrix[n, k] += dy[n] * x[k]: the gradient of W, where y = W x */
export function accumulateOuter(matrix: Matrix, dy: Float64Array, x: Float64Array): void {
  const { rows, columns, data } = matrix;
  if (dy.length !== rows || x.length !== columns)
    throw new Error(`an outer product of ${dy.length} and ${x.length} into [${rows}, ${columns}]`);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) data[n * columns + k]! += dy[n]! * x[k]!;
  }
}

/** sum += terms, in place. */
export function accumulate(sum: Float64Array, ...terms: Float64Array[]): void {
  sum.set(add(sum, ...terms));
}
