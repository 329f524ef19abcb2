import type { Model } from '../../../src/index.ts';
import type { Ett, Windows } from '../../train/ett/data.ts';

/** °C of the `horizon` hours after an hour. */
export type Forecast = (hour: number) => ArrayLike<number>;

/** The hour's own temperature. */
export function repeatLast({ values, horizon }: Ett): Forecast {
  return (hour) => new Float32Array(horizon).fill(values[hour]!);
}

/** The temperatures of the day that ends with the hour. */
export function repeatYesterday({ values, horizon }: Ett): Forecast {
  return (hour) => Float32Array.from({ length: horizon }, (_, k) => values[hour - 23 + (k % 24)]!);
}

/** A model's, which reads the stream from its beginning, hour by hour. */
export function streamed({ values, horizon }: Ett, model: Model, { end }: Windows): Forecast {
  using session = model.createSession();
  const all = session.run(values.subarray(0, end), { timesteps: end });
  return (hour) => all.subarray(hour * horizon, (hour + 1) * horizon);
}

export interface Errors {
  /** Mean squared error in standardized units, over all windows and hours ahead. */
  readonly mse: number;
  /** Likewise the mean absolute error. */
  readonly mae: number;
  /** Mean squared error of each hour ahead. */
  readonly byHour: readonly number[];
}

/** Errors of the forecasts of all windows, in float64. */
export function measure(
  { values, horizon, scaling }: Ett,
  forecast: Forecast,
  { first, end }: Windows,
): Errors {
  const scale = scaling.inputs.scale[0]!;
  const squares = new Float64Array(horizon);
  let absolute = 0;
  for (let hour = first; hour < end; hour++) {
    const given = forecast(hour);
    for (let k = 0; k < horizon; k++) {
      const error = (given[k]! - values[hour + 1 + k]!) / scale;
      squares[k]! += error * error;
      absolute += Math.abs(error);
    }
  }
  const windows = end - first;
  const byHour = [...squares].map((sum) => sum / windows);
  const mse = byHour.reduce((sum, error) => sum + error, 0) / horizon;
  return { mse, mae: absolute / (windows * horizon), byHour };
}
