import { type Ett, TRAINING_HOURS } from '../../train/ett/data.ts';
import type { LinearRecipe } from '../../train/ett/recipe.ts';
import type { Forecast } from './forecasts.ts';

/**
 * The linear model that networks are to be compared with (Zeng et al. 2023, NLinear): each hour ahead is the last value
 * plus a linear function of the window's distances from it. Fitted in float64 by least squares with a ridge on
 * standardized values: (AᵀA + ridge I) W = AᵀB.
 */
export function fitLinear(ett: Ett, { window, ridge }: LinearRecipe): Forecast {
  const { horizon, scaling } = ett;
  const [center, scale] = [scaling.inputs.center[0]!, scaling.inputs.scale[0]!];
  const z = Float64Array.from(ett.values, (value) => (value - center) / scale);
  const gram = Array.from({ length: window }, () => new Float64Array(window));
  const moments = Array.from({ length: window }, () => new Float64Array(horizon));
  const row = new Float64Array(window);
  for (let hour = window - 1; hour < TRAINING_HOURS - horizon; hour++) {
    distances(z, hour, row);
    for (let i = 0; i < window; i++) {
      for (let j = 0; j <= i; j++) gram[i]![j]! += row[i]! * row[j]!;
      for (let k = 0; k < horizon; k++) moments[i]![k]! += row[i]! * (z[hour + 1 + k]! - z[hour]!);
    }
  }
  for (let i = 0; i < window; i++) gram[i]![i]! += ridge;
  solve(gram, moments);
  return (hour) => {
    distances(z, hour, row);
    return Float64Array.from({ length: horizon }, (_, k) => {
      let change = 0;
      for (let i = 0; i < window; i++) change += row[i]! * moments[i]![k]!;
      return center + scale * (z[hour]! + change);
    });
  };
}

/** 1, and the distances of the hours before from the last one. */
function distances(z: Float64Array, hour: number, row: Float64Array): void {
  row[0] = 1;
  for (let i = 1; i < row.length; i++) row[i] = z[hour - i]! - z[hour]!;
}

/** Replaces B by G⁻¹ B, for a positive definite G of which the lower half is given, by Cholesky's L Lᵀ = G. */
function solve(g: readonly Float64Array[], b: readonly Float64Array[]): void {
  const n = g.length;
  const width = b[0]!.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = g[i]![j]!;
      for (let k = 0; k < j; k++) sum -= g[i]![k]! * g[j]![k]!;
      g[i]![j] = i === j ? Math.sqrt(sum) : sum / g[j]![j]!;
    }
  }
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) b[i]![c]! -= g[i]![k]! * b[k]![c]!;
      b[i]![c]! /= g[i]![i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) b[i]![c]! -= g[k]![i]! * b[k]![c]!;
      b[i]![c]! /= g[i]![i]!;
    }
  }
}
