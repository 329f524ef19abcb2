/** [rows, columns] row-major to [columns, rows]. */
export function transposed<D extends Float32Array | Int8Array>(data: D, rows: number, columns: number): D {
  const result = data.slice() as D;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column]!;
  }
  return result;
}
