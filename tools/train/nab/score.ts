/**
 * An anomaly score from forecasts: the mean of the last hour's absolute errors, as a robust z-score (the median and 1.4826
 * times the median absolute deviation of the probationary period).
 */
import type { Series, Span } from './series.ts';

/** Readings of an hour. */
const HOUR = 12;
/** Of the scores of the probationary period that lie below the threshold, whatever they are of: no label is looked at. */
const QUANTILE = 0.99;
/** An alarm within so many readings of the one before belongs to it: a day. */
export const ALARM_READINGS = 288;

export interface Scores {
  /** Of each reading; NaN where there are too few before it. */
  readonly scores: Float64Array;
  readonly threshold: number;
}

export function scoreOf(forecasts: Float64Array, { values, probation }: Series): Scores {
  const errors = forecasts.map((forecast, t) => Math.abs(forecast - values[t]!));
  const means = errors.map((_, t) => mean(errors.subarray(Math.max(0, t + 1 - HOUR), t + 1)));
  const known = means.slice(0, probation).filter(Number.isFinite);
  const middle = quantile(known, 0.5);
  const deviation =
    1.4826 *
    quantile(
      known.map((each) => Math.abs(each - middle)),
      0.5,
    );
  const scores = means.map((each) => (each - middle) / deviation);
  return { scores, threshold: quantile(scores.slice(0, probation).filter(Number.isFinite), QUANTILE) };
}

export interface Detection {
  readonly window: Span;
  /** The first reading above the threshold in it; undefined for none. */
  readonly at: number | undefined;
}

export interface Alarms {
  /** Of the labelled windows behind the probationary period. */
  readonly detections: readonly Detection[];
  /** Alarms outside all labelled windows, those within a day counted once, and the share of readings above the threshold there. */
  readonly falseAlarms: number;
  readonly falseShare: number;
}

export function alarmsOf({ scores, threshold }: Scores, { windows, probation }: Series): Alarms {
  const isLabelled = (t: number) => windows.some(({ from, to }) => t >= from && t < to);
  let [falseAlarms, above, outside, last] = [0, 0, 0, -Infinity];
  for (let t = probation; t < scores.length; t++) {
    if (isLabelled(t)) continue;
    outside++;
    if (!(scores[t]! > threshold)) continue;
    above++;
    if (t - last > ALARM_READINGS) falseAlarms++;
    last = t;
  }
  const detections = windows
    .filter(({ from }) => from >= probation)
    .map((window) => {
      const at = scores.findIndex((score, t) => t >= window.from && t < window.to && score > threshold);
      return { window, at: at < 0 ? undefined : at };
    });
  return { detections, falseAlarms, falseShare: above / outside };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
