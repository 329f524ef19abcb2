/**
 * Reverse-mode automatic differentiation over vectors in float64. An operation computes its value at once and remembers
 * what it read; `backward` goes from a value back to all that it depends on, and adds up gradients.
 *
 *   y = f(x):   dx += (df/dx)ᵀ dy
 */
import type { Activation, GateActivation } from '../../src/graph/definition.ts';
import { elementwise, softmax as softmaxOf } from './activations.ts';

let made = 0;

/** A vector that is part of a computation, or where one begins. */
export class Value {
  readonly data: Float64Array;
  /** Of a tensor; [length] of anything else. */
  readonly shape: readonly number[];
  readonly sources: readonly Value[];
  /** Later values have greater numbers than what they read. */
  readonly order = made++;
  /** Adds to the gradients of the sources. */
  readonly flowBack: (dy: Float64Array) => void;
  #gradient: Float64Array | undefined;

  constructor(
    data: Float64Array,
    sources: readonly Value[] = [],
    flowBack: (dy: Float64Array) => void = () => {},
    shape: readonly number[] = [data.length],
  ) {
    this.data = data;
    this.shape = shape;
    this.sources = sources;
    this.flowBack = flowBack;
  }

  /** Of all losses that `backward` has seen. */
  get gradient(): Float64Array {
    this.#gradient ??= new Float64Array(this.data.length);
    return this.#gradient;
  }

  get size(): number {
    return this.data.length;
  }

  /** The same numbers as the beginning of another computation. */
  detach(): Value {
    return new Value(this.data.slice());
  }
}

/** A value that nothing made. */
export function leaf(values: ArrayLike<number>, shape?: readonly number[]): Value {
  return new Value(Float64Array.from(values), [], undefined, shape);
}

export function zeros(size: number): Value {
  return leaf(new Float64Array(size));
}

/** Gradients of Σ seed · value, added to those of all that the values were made of. */
export function backward(seeds: readonly { readonly value: Value; readonly seed: Float64Array }[]): void {
  const reached = new Set<Value>();
  const open: Value[] = [];
  const reach = (value: Value) => {
    if (reached.has(value)) return;
    reached.add(value);
    open.push(value);
  };
  for (const { value, seed } of seeds) {
    accumulate(value.gradient, seed);
    reach(value);
  }
  for (let value = open.pop(); value; value = open.pop()) value.sources.forEach(reach);
  for (const value of [...reached].sort((a, b) => b.order - a.order)) value.flowBack(value.gradient);
}

/** y = W x; W: [rows, columns], row-major, of as many columns as x has values. */
export function matvec(W: Value, x: Value): Value {
  const columns = x.size;
  const rows = W.size / columns;
  if (!Number.isInteger(rows)) throw new Error(`a matrix [${W.shape}] times a vector of ${columns}`);
  const y = new Float64Array(rows);
  for (let n = 0; n < rows; n++)
    for (let k = 0; k < columns; k++) y[n]! += W.data[n * columns + k]! * x.data[k]!;
  return new Value(y, [W, x], (dy) => {
    for (let n = 0; n < rows; n++) {
      for (let k = 0; k < columns; k++) {
        W.gradient[n * columns + k]! += dy[n]! * x.data[k]!;
        x.gradient[k]! += dy[n]! * W.data[n * columns + k]!;
      }
    }
  });
}

export function add(...terms: readonly Value[]): Value {
  const size = sameSize(terms);
  const y = Float64Array.from({ length: size }, (_, n) => terms.reduce((sum, { data }) => sum + data[n]!, 0));
  return new Value(y, terms, (dy) => {
    for (const term of terms) accumulate(term.gradient, dy);
  });
}

export function mul(a: Value, b: Value): Value {
  sameSize([a, b]);
  return new Value(
    a.data.map((value, n) => value * b.data[n]!),
    [a, b],
    (dy) => {
      accumulate(
        a.gradient,
        dy.map((value, n) => value * b.data[n]!),
      );
      accumulate(
        b.gradient,
        dy.map((value, n) => value * a.data[n]!),
      );
    },
  );
}

/** y = f(x), element by element. */
export function map(x: Value, value: (x: number) => number, slope: (x: number, y: number) => number): Value {
  const y = x.data.map((each) => value(each));
  return new Value(y, [x], (dy) => {
    accumulate(
      x.gradient,
      dy.map((each, n) => each * slope(x.data[n]!, y[n]!)),
    );
  });
}

/** y = factor x + shift */
export function affine(x: Value, factor: number, shift = 0): Value {
  return map(
    x,
    (value) => factor * value + shift,
    () => factor,
  );
}

export function sub(a: Value, b: Value): Value {
  return add(a, affine(b, -1));
}

export function reciprocal(x: Value): Value {
  return map(
    x,
    (value) => 1 / value,
    (_, y) => -y * y,
  );
}

export function concat(...parts: readonly Value[]): Value {
  const y = Float64Array.from(parts.flatMap(({ data }) => [...data]));
  return new Value(y, parts, (dy) => {
    let from = 0;
    for (const { gradient, size } of parts) {
      accumulate(gradient, dy.subarray(from, from + size));
      from += size;
    }
  });
}

/** y[n] = x[indices[n]], or `otherwise` where the index is -1. */
export function pick(x: Value, indices: readonly number[], otherwise = 0): Value {
  const y = Float64Array.from(indices, (index) => (index < 0 ? otherwise : x.data[index]!));
  return new Value(y, [x], (dy) => {
    indices.forEach((index, n) => {
      if (index >= 0) x.gradient[index]! += dy[n]!;
    });
  });
}

export function slice(x: Value, start: number, size: number): Value {
  return pick(
    x,
    Array.from({ length: size }, (_, n) => start + n),
  );
}

/** The greatest, element by element; of equal ones the first has the gradient. */
export function maximum(...values: readonly Value[]): Value {
  const size = sameSize(values);
  const best = Array.from({ length: size }, (_, n) =>
    values.reduce((most, value) => (value.data[n]! > most.data[n]! ? value : most)),
  );
  return new Value(
    Float64Array.from(best, ({ data }, n) => data[n]!),
    values,
    (dy) => {
      best.forEach(({ gradient }, n) => {
        gradient[n]! += dy[n]!;
      });
    },
  );
}

export function softmax(x: Value): Value {
  const y = softmaxOf(x.data);
  return new Value(y, [x], (dy) => {
    const mean = y.reduce((sum, value, n) => sum + value * dy[n]!, 0);
    accumulate(
      x.gradient,
      y.map((value, n) => value * (dy[n]! - mean)),
    );
  });
}

export function logSoftmax(x: Value): Value {
  const probabilities = softmaxOf(x.data);
  const greatest = x.data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const total = Math.log(x.data.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
  return new Value(
    x.data.map((value) => value - greatest - total),
    [x],
    (dy) => {
      const sum = dy.reduce((a, b) => a + b, 0);
      accumulate(
        x.gradient,
        dy.map((value, n) => value - probabilities[n]! * sum),
      );
    },
  );
}

/** a · b, of size 1. */
export function dot(a: Value, b: Value): Value {
  return matvec(a, b);
}

/** x times a value of size 1. */
export function scale(x: Value, factor: Value): Value {
  return mul(
    x,
    pick(
      factor,
      Array.from(x.data, () => 0),
    ),
  );
}

/** (x - mean x) / √(variance x + epsilon); the variance is the mean of squares, uncorrected. */
export function standardize(x: Value, epsilon: number): Value {
  const mean = (value: Value) =>
    pick(
      matvec(leaf(new Float64Array(value.size).fill(1 / value.size)), value),
      Array.from(value.data, () => 0),
    );
  const centred = sub(x, mean(x));
  const variance = mean(mul(centred, centred));
  const inverseRoot = map(
    variance,
    (value) => 1 / Math.sqrt(value + epsilon),
    (_, y) => -(y ** 3) / 2,
  );
  return mul(centred, inverseRoot);
}

export function activate(x: Value, activation: Activation | GateActivation | undefined): Value {
  if (activation === undefined) return x;
  if (activation === 'softmax') return softmax(x);
  if (activation === 'log-softmax') return logSoftmax(x);
  if (activation === 'sqrt') return map(x, Math.sqrt, (_, y) => 0.5 / y);
  const { value, slope } = elementwise(activation);
  return map(x, value, slope);
}

function accumulate(sum: Float64Array, terms: Float64Array): void {
  for (let n = 0; n < sum.length; n++) sum[n]! += terms[n]!;
}

function sameSize(values: readonly Value[]): number {
  const { size } = values[0]!;
  if (values.some((value) => value.size !== size))
    throw new Error(`values of sizes ${values.map((value) => value.size)} element by element`);
  return size;
}
