/** An LSTM in float64, written apart from the library: rows of W and U in the order i, f, g, o. */
export interface Lstm64 {
  /** [4*hidden][inputs] */
  readonly w: readonly (readonly number[])[];
  /** [4*hidden][hidden] */
  readonly u: readonly (readonly number[])[];
  /** [4*hidden] */
  readonly b: readonly number[];
  readonly cellClip?: number;
}

export interface LstmState {
  h: readonly number[];
  c: readonly number[];
}

/** One timestep; `state` becomes the next one, and its h is returned. */
export function lstmStep(
  { w, u, b, cellClip = Infinity }: Lstm64,
  x: readonly number[],
  state: LstmState,
): readonly number[] {
  const hidden = state.h.length;
  const z = b.map((bias, row) => bias + dot(w[row]!, x) + dot(u[row]!, state.h));
  const c = state.c.map((before, n) => {
    const next = sigmoid(z[hidden + n]!) * before + sigmoid(z[n]!) * Math.tanh(z[2 * hidden + n]!);
    return Math.min(cellClip, Math.max(-cellClip, next));
  });
  state.c = c;
  state.h = c.map((cell, n) => sigmoid(z[3 * hidden + n]!) * Math.tanh(cell));
  return state.h;
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, n) => sum + value * b[n]!, 0);
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Rows of `columns` values. */
export function matrix(values: readonly number[], columns: number): readonly (readonly number[])[] {
  return Array.from({ length: values.length / columns }, (_, row) =>
    values.slice(row * columns, (row + 1) * columns),
  );
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, expected ${b.length}`);
  let largest = 0;
  // Not max(): a NaN shows.
  for (let n = 0; n < a.length; n++) {
    const difference = Math.abs(a[n]! - b[n]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
