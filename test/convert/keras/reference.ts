/** Keras' layers in float64, by their equations, on arrays as the files hold them: [inputs, units], gates z r h. */

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: ArrayLike<number>;
}

type Vector = readonly number[];

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
export const relu = (x: number) => Math.max(0, x);

/** x of [rows] times a matrix, in columns from … to. */
function product(x: Vector, { rows, columns, data }: Matrix, from = 0, to = columns): number[] {
  return Array.from({ length: to - from }, (_, i) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += x[row]! * data[row * columns + from + i]!;
    return sum;
  });
}

export interface DenseArrays {
  readonly kernel: Matrix;
  readonly bias: ArrayLike<number>;
}

export function dense(x: Vector, { kernel, bias }: DenseArrays, activation: (x: number) => number): number[] {
  return product(x, kernel).map((value, i) => activation(value + bias[i]!));
}

export interface GruArrays extends DenseArrays {
  readonly recurrent: Matrix;
}

/** A step with the reset gate before the recurrent product; the candidate has the activation. */
export function gruStep(
  x: Vector,
  h: Vector,
  { kernel, recurrent, bias }: GruArrays,
  activation: (x: number) => number,
): number[] {
  const units = h.length;
  const block = (gate: number, state: Vector) => {
    const [from, to] = [gate * units, (gate + 1) * units];
    const ours = product(state, recurrent, from, to);
    return product(x, kernel, from, to).map((value, i) => value + ours[i]! + bias[from + i]!);
  };
  const z = block(0, h).map(sigmoid);
  const r = block(1, h).map(sigmoid);
  const candidate = block(
    2,
    h.map((value, i) => value * r[i]!),
  ).map(activation);
  return h.map((value, i) => z[i]! * value + (1 - z[i]!) * candidate[i]!);
}
