/**
 * A training as one HTML file: what is trained, curves, epochs, samples. It holds all it shows, and runs nothing; while the
 * training goes on it asks the browser to read it again.
 */
import { chart, escapeXml } from '../../plot/chart.ts';
import { gradientChart, learningRateChart, lossChart } from './charts.ts';
import type { EpochLine, LogLines } from './log.ts';

/** Seconds until the browser reads the file again. */
const REFRESH = 10;

/** Of the newest epochs that are shown with their samples. */
const SAMPLES = 10;

export interface ReportOptions {
  readonly title: string;
  /** Name and value, in the order in which they are shown. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly lines: LogLines;
  /** Whether there is more to come. */
  readonly running: boolean;
}

export function reportPage({ title, facts, lines, running }: ReportOptions): string {
  const charts = [lossChart(lines, 'Loss'), gradientChart(lines), learningRateChart(lines)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${running ? `<meta http-equiv="refresh" content="${REFRESH}">\n` : ''}<title>${escapeXml(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.1rem 1rem 0.1rem 0; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { white-space: pre-wrap; border-left: 3px solid #7aa6d6; padding-left: 1rem; }
</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<p>${describeStanding(lines, running)}</p>
<table>
${facts.map(([name, value]) => `<tr><th scope="row">${escapeXml(name)}</th><td>${escapeXml(value)}</td></tr>`).join('\n')}
</table>
${lines.updates.length > 0 ? charts.map(chart).join('\n') : ''}
${epochTable(lines.epochs)}
${samples(lines.epochs)}
</body>
</html>
`;
}

function describeStanding({ updates, epochs }: LogLines, running: boolean): string {
  const last = updates.at(-1);
  if (!last) return 'No update yet.';
  const seconds = Math.max(last.seconds, epochs.at(-1)?.seconds ?? 0);
  const ended = running ? 'so far' : 'in all';
  return `${last.update.toLocaleString('en-US')} updates ${ended}, ${seconds.toFixed(1)} s of training.`;
}

function epochTable(epochs: readonly EpochLine[]): string {
  if (epochs.length === 0) return '';
  const best = Math.min(...epochs.map(({ validation }) => validation ?? Infinity));
  const rows = epochs.map(({ epoch, loss, validation, seconds }) => {
    const value = validation === undefined ? '' : validation.toFixed(4);
    const cells = [
      String(epoch),
      loss.toFixed(4),
      validation === best ? `<strong>${value}</strong>` : value,
      seconds.toFixed(1),
    ];
    return `<tr>${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}</tr>`;
  });
  return `<h2>Epochs</h2>
<table>
<tr><th>epoch</th><th>loss</th><th>validation</th><th>seconds</th></tr>
${rows.join('\n')}
</table>`;
}

function samples(epochs: readonly EpochLine[]): string {
  const shown = epochs.filter(({ sample }) => sample !== undefined).slice(-SAMPLES);
  if (shown.length === 0) return '';
  const parts = shown
    .reverse()
    .map(({ epoch, sample }) => `<h3>After epoch ${epoch}</h3>\n<pre>${escapeXml(sample!)}</pre>`);
  return `<h2>Samples</h2>\n${parts.join('\n')}`;
}
