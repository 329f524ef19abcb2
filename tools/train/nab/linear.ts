/** Linear forecasters: autoregressions of the last values, fitted once by least squares or on the way by recursive ones. */

export interface LinearRecipe {
  /** How many values, the last one among them. */
  readonly order: number;
}

/**
 * Least squares over the first `count` readings: value[t + horizon] from value[t], value[t - 1] … and 1.
 *
 * @returns forecasts of each reading; NaN where there are too few before it
 */
export function forecastAutoregression(
  values: Float64Array,
  count: number,
  horizon: number,
  { order }: LinearRecipe,
): Float64Array {
  const size = order + 1;
  const normal = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (let t = order - 1; t + horizon < count; t++) {
    const row = regressors(values, t, order);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) normal[i]![j]! += row[i]! * row[j]!;
      normal[i]![size]! += row[i]! * values[t + horizon]!;
    }
  }
  const weights = solve(normal);
  return forecastEach(values, horizon, order, (row) => dot(weights, row));
}

/**
 * Recursive least squares with forgetting (Haykin, Adaptive Filter Theory): an error of n readings ago counts forgetting^n.
 * It learns from the first reading on and never stops.
 */
export function forecastRecursive(
  values: Float64Array,
  horizon: number,
  { order, forgetting }: LinearRecipe & { readonly forgetting: number },
): Float64Array {
  const size = order + 1;
  const weights = new Float64Array(size);
  const inverse = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
  );
  return forecastEach(values, horizon, order, (row, t) => {
    if (t - horizon >= order - 1) {
      learn(weights, inverse, regressors(values, t - horizon, order), values[t]!, forgetting);
    }
    return dot(weights, row);
  });
}

/** P x / (λ + xᵀ P x) is the gain; P ← (P - gain xᵀ P) / λ. */
function learn(
  weights: Float64Array,
  inverse: readonly Float64Array[],
  x: Float64Array,
  target: number,
  forgetting: number,
): void {
  const px = inverse.map((row) => dot(row, x));
  const scale = forgetting + px.reduce((sum, value, i) => sum + value * x[i]!, 0);
  const error = target - dot(weights, x);
  for (let i = 0; i < x.length; i++) {
    weights[i]! += (px[i]! / scale) * error;
    for (let j = 0; j < x.length; j++) {
      inverse[i]![j] = (inverse[i]![j]! - (px[i]! * px[j]!) / scale) / forgetting;
    }
  }
}

function forecastEach(
  values: Float64Array,
  horizon: number,
  order: number,
  forecast: (row: Float64Array, t: number) => number,
): Float64Array {
  const forecasts = new Float64Array(values.length).fill(Number.NaN);
  for (let t = order - 1; t + horizon < values.length; t++) {
    forecasts[t + horizon] = forecast(regressors(values, t, order), t);
  }
  return forecasts;
}

/** value[t], value[t - 1] …, in hundreds of degrees, and 1. */
function regressors(values: Float64Array, t: number, order: number): Float64Array {
  return Float64Array.from({ length: order + 1 }, (_, i) => (i < order ? values[t - i]! / 100 : 1));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Gaussian elimination with pivots, of [A | b]. */
function solve(system: Float64Array[]): Float64Array {
  const n = system.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(system[i]![column]!) > Math.abs(system[pivot]![column]!)) pivot = i;
    }
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const factor = system[i]![column]! / system[column]![column]!;
      for (let j = column; j <= n; j++) system[i]![j]! -= factor * system[column]![j]!;
    }
  }
  return Float64Array.from(system, (row, i) => row[n]! / row[i]!);
}
