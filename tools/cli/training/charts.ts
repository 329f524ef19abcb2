// The losses of a training as a chart: those of its updates in means, and the validation after each epoch.

import { type ChartOptions, type Point, thinned } from '../../plot/chart.ts';
import type { LogLines } from './log.ts';

/** @param title plain text above the chart */
export function lossChart({ updates, epochs }: LogLines, title: string): ChartOptions {
  const training = thinned(updates.map(({ update, loss }) => ({ x: update, y: loss })));
  const lastUpdate = new Map(updates.map(({ epoch, update }) => [epoch, update]));
  const validation = epochs.flatMap(({ epoch, validation: y }) =>
    y === undefined ? [] : [{ x: lastUpdate.get(epoch)!, y }],
  );
  return {
    title,
    x: { label: 'updates' },
    y: { label: 'loss', range: lossRange(training, validation) },
    series: [
      { name: 'training', points: training },
      ...(validation.length > 0
        ? [{ name: 'validation', points: validation, mark: 'line-and-dots' } as const]
        : []),
    ],
  };
}

/** From the least loss to that after a twentieth of the training: the first updates would squeeze all others. */
function lossRange(training: readonly Point[], validation: readonly Point[]): [number, number] {
  const early = training[Math.floor(training.length / 20)]?.y ?? 1;
  const all = [...training, ...validation].map(({ y }) => y);
  const least = Math.min(...all, early);
  return [least, Math.max(early, ...validation.map(({ y }) => y), least + 0.01)];
}

/** The norm of the gradient before clipping; single updates tell more than their mean does. */
export function gradientChart({ updates }: LogLines): ChartOptions {
  const points = updates.map(({ update, gradientNorm }) => ({ x: update, y: gradientNorm }));
  return {
    title: 'Norm of the gradient, before clipping',
    x: { label: 'updates' },
    y: { label: 'norm', scale: 'log' },
    series: [{ points: largest(points) }],
    height: 260,
  };
}

export function learningRateChart({ updates }: LogLines): ChartOptions {
  return {
    title: 'Learning rate',
    x: { label: 'updates' },
    y: { label: 'rate' },
    series: [
      { points: thinned(updates.map(({ update, learningRate }) => ({ x: update, y: learningRate }))) },
    ],
    height: 220,
  };
}

/** Of each of 240 runs of points the one that is highest: no peak is lost. */
function largest(points: readonly Point[]): Point[] {
  const run = Math.ceil(points.length / 240);
  return Array.from({ length: run === 0 ? 0 : Math.ceil(points.length / run) }, (_, i) =>
    points.slice(i * run, (i + 1) * run).reduce((highest, point) => (point.y > highest.y ? point : highest)),
  );
}
