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
