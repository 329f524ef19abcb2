/** The series with its forecasts, labelled windows, anomaly score and threshold. */
import { figure, type Point } from '../../plot/chart.ts';
import type { Scores } from './score.ts';
import type { Series } from './series.ts';

const WIDTH = 960;
/** Of a line. */
const POINTS = 600;
const PER_DAY = 288;

export function plot(series: Series, forecasts: Float64Array, { scores, threshold }: Scores): string {
  const { values, windows, probation } = series;
  const x = { label: 'days', range: [0, values.length / PER_DAY] as const };
  const bands = windows.map(({ from, to }) => ({
    from: from / PER_DAY,
    to: to / PER_DAY,
    name: 'labelled by NAB',
  }));
  return figure([
    {
      title: `Machine temperature, and forecasts of a GRU that learns from day ${(probation / PER_DAY).toFixed(1)} on`,
      x,
      y: { label: 'degrees', range: [0, 140] }, // the legend lies above the readings
      series: [
        { name: 'reading', points: farthest(values), colour: '#999999' },
        { name: 'forecast, 5 minutes before', points: farthest(forecasts) },
      ],
      bands,
      width: WIDTH,
    },
    {
      title: 'Anomaly score of the last hour’s errors',
      x,
      y: { label: 'robust z', scale: 'log', range: [1, Math.max(...scores.filter(Number.isFinite))] },
      series: [{ points: highest(scores), colour: '#d55e00' }],
      bands: bands.map(({ from, to }) => ({ from, to })),
      rules: [{ y: threshold, name: `threshold ${threshold.toFixed(2)}, fixed on the first 15 %` }],
      width: WIDTH,
      height: 260,
    },
  ]);
}

/** Of each run of readings the one that is farthest from the run's mean, so that no peak is lost. */
function farthest(values: Float64Array): Point[] {
  return thinned(values, (part, mean) =>
    part.reduce((most, value) => (Math.abs(value - mean) > Math.abs(most - mean) ? value : most), mean),
  );
}

function highest(values: Float64Array): Point[] {
  return thinned(values, (part) => Math.max(...part));
}

/** One value for each run of those that are known. */
function thinned(values: Float64Array, pick: (part: Float64Array, mean: number) => number): Point[] {
  const run = Math.ceil(values.length / POINTS);
  return Array.from({ length: Math.ceil(values.length / run) }, (_, i) => {
    const known = values.subarray(i * run, (i + 1) * run).filter(Number.isFinite);
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return { x: (i * run) / PER_DAY, y: pick(known, mean) };
  }).filter(({ y }) => Number.isFinite(y));
}
