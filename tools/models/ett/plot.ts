import { type ChartOptions, figure, type Point } from '../../plot/chart.ts';
import { windowsOf } from '../../train/ett/data.ts';
import type { HorizonFacts } from './card.ts';

/** Days of the test part that the first chart shows, from its beginning. */
const DAYS = 14;

/** Above the curves the legend has its place. */
const HEADROOM = 1.5;

/** Forecasts of two weeks, one a day, and the error hour by hour ahead. */
export function plot(facts: readonly HorizonFacts[]): string {
  return figure([weeks(facts[0]!), ...facts.map(byHour)]);
}

function weeks({ ett: { values, horizon }, forecasts }: HorizonFacts): ChartOptions {
  const { first } = windowsOf('test', horizon);
  const day = (hour: number) => (hour - first) / 24;
  const measured = Array.from({ length: DAYS * 24 }, (_, i) => ({
    x: day(first + i),
    y: values[first + i]!,
  }));
  const parts = Array.from({ length: DAYS }, (_, i) => {
    const hour = first + 24 * i;
    const forecast = forecasts.float32!(hour);
    return Array.from({ length: 24 }, (_, k): Point => ({ x: day(hour + 1 + k), y: forecast[k]! }));
  });
  return {
    title: `The first two weeks of the test part: forecasts of ${horizon} hours, each midnight`,
    x: { label: 'days' },
    y: { label: 'oil temperature, °C' },
    series: [
      { name: 'measured', points: measured, colour: '#555555' },
      ...parts.map((points, i) => ({ ...(i === 0 && { name: 'forecast' }), points, colour: '#d55e00' })),
    ],
  };
}

function byHour({ ett: { horizon }, errors }: HorizonFacts): ChartOptions {
  return {
    title: `Error of the forecasts of ${horizon} hours, hour by hour (test part)`,
    x: { label: 'hours ahead' },
    y: {
      label: 'MSE, standardized',
      range: [0, HEADROOM * Math.max(...errors.flatMap((row) => row.byHour))],
    },
    series: errors
      .filter(({ name }) => name !== 'int8')
      .map(({ name, byHour }) => ({
        name: name === 'float32' ? 'GRU, float32' : name,
        points: byHour.map((y, k) => ({ x: k + 1, y })),
      })),
  };
}
