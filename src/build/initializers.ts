// Random weights with + - * / and square roots only, in float64, so that they are the same on every engine.

import type { Draws } from '../runtime/draws.ts';

/** Where in its random numbers an initialisation is. */
export interface Stream {
  readonly draws: Draws;
  index: number;
}

/** Gives a tensor, zeros, its first values. */
export type Fill = (values: Float32Array, stream: Stream) => void;

/** U(-bound, bound) */
export function uniform(bound: number): Fill {
  return (values, stream) => {
    for (let i = 0; i < values.length; i++) {
      values[i] = (2 * stream.draws.uniform(stream.index++) - 1) * bound;
    }
  };
}

/** The uniform distribution that keeps the variance of values and of gradients (Glorot and Bengio 2010). */
export function glorot(inputs: number, outputs: number): Fill {
  return uniform(Math.sqrt(6 / (inputs + outputs)));
}

/** The uniform distribution that keeps the variance of values through a ReLU (He et al. 2015). */
export function he(inputs: number): Fill {
  return uniform(Math.sqrt(6 / inputs));
}

export function constant(value: number): Fill {
  return (values) => {
    values.fill(value);
  };
}

/** 1 in block number `index` of `size` values, 0 elsewhere. */
export function oneBlock(index: number, size: number): Fill {
  return (values) => {
    values.fill(1, index * size, (index + 1) * size);
  };
}

/** Blocks of random orthogonal matrices [rows, columns] one below the other (Saxe, McClelland and Ganguli 2014). */
export function orthogonal(rows: number, columns: number): Fill {
  return (values, stream) => {
    const size = rows * columns;
    for (let at = 0; at < values.length; at += size) {
      fillOrthogonal(values.subarray(at, at + size), rows, columns, stream);
    }
  };
}

/** Orthonormal rows, or columns where those are fewer. */
function fillOrthogonal(matrix: Float32Array, rows: number, columns: number, stream: Stream): void {
  const vectors = orthonormal(Math.min(rows, columns), Math.max(rows, columns), stream);
  vectors.forEach((vector, v) => {
    if (rows <= columns) matrix.set(vector, v * columns);
    else for (let i = 0; i < rows; i++) matrix[i * columns + v] = vector[i]!;
  });
}

/**
 * Random vectors, made orthonormal by Gram and Schmidt. Each is projected twice, which makes them orthogonal to the last
 * bits of a float64 (Giraud, Langou and Rozložník 2005, "twice is enough").
 */
function orthonormal(count: number, length: number, stream: Stream): Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => 2 * stream.draws.uniform(stream.index++) - 1);
    const before = norm(vector);
    for (let round = 0; round < 2; round++) for (const other of vectors) subtractProjection(vector, other);
    const after = norm(vector);
    // A vector that lay in the span of the others by accident would be rounding noise: draw another.
    if (!(after > 1e-6 * before)) continue;
    for (let i = 0; i < length; i++) vector[i]! /= after;
    vectors.push(vector);
  }
  return vectors;
}

/** vector -= (vector · unit) unit */
function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  let dot = 0;
  for (let i = 0; i < vector.length; i++) dot += vector[i]! * unit[i]!;
  for (let i = 0; i < vector.length; i++) vector[i]! -= dot * unit[i]!;
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
