// Random weights with + - * / and square roots only, in float64, so that they are the same on every engine.

import type { Draws } from './draws.ts';

/** Where in its random numbers an initialisation is. */
export interface Stream {
  readonly draws: Draws;
  index: number;
}

/** U(-bound, bound). */
export function fillUniform(values: Float32Array, bound: number, stream: Stream): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = (2 * stream.draws.uniform(stream.index++) - 1) * bound;
  return values;
}

/** Of the uniform distribution that keeps the variance of values and of gradients (Glorot and Bengio 2010). */
export function glorotBound(inputs: number, units: number): number {
  return Math.sqrt(6 / (inputs + units));
}

/**
 * A random orthogonal matrix [n, n]: random rows, made orthonormal by Gram and Schmidt. Each row is projected twice,
 * which makes the rows orthogonal to the last bits of a float64 (Giraud, Langou and Rozložník 2005, "twice is enough").
 */
export function fillOrthogonal(matrix: Float32Array, n: number, stream: Stream): Float32Array {
  const rows: Float64Array[] = [];
  while (rows.length < n) {
    const row = Float64Array.from({ length: n }, () => 2 * stream.draws.uniform(stream.index++) - 1);
    const before = norm(row);
    for (let round = 0; round < 2; round++) for (const other of rows) subtractProjection(row, other);
    const after = norm(row);
    // A row that lay in the span of the others by accident would be rounding noise: draw another.
    if (!(after > 1e-6 * before)) continue;
    for (let i = 0; i < n; i++) row[i]! /= after;
    rows.push(row);
  }
  rows.forEach((row, r) => {
    matrix.set(row, r * n);
  });
  return matrix;
}

/** row -= (row · unit) unit */
function subtractProjection(row: Float64Array, unit: Float64Array): void {
  let dot = 0;
  for (let i = 0; i < row.length; i++) dot += row[i]! * unit[i]!;
  for (let i = 0; i < row.length; i++) row[i]! -= dot * unit[i]!;
}

function norm(row: Float64Array): number {
  let sum = 0;
  for (const value of row) sum += value * value;
  return Math.sqrt(sum);
}
