import type { Statistics } from '../timing.ts';
import type { LongReport, LongRow } from './bench.ts';

const WIDTHS = [28, 28, 28, 26, 0];

export function longHeadings(): string {
  return line(['cell, timesteps', 'no budget ms (p10–p90)', 'budget ms (p10–p90)', 'ratio (p10–p90)', 'bar']);
}

/** A row as it is printed when it is done. */
export function describeLongRow({ cell, hidden, timesteps, ...row }: LongRow): string {
  return line([
    `${cell} ${hidden}, ${timesteps.toLocaleString('en-US')}`,
    withRange(row.whole, 1),
    withRange(row.within, 1),
    withRange(row.ratio, 2),
    `${row.bar} ${row.meetsBar ? 'met' : 'MISSED'}`,
  ]);
}

export function longMarkdown({ rows, host, rounds }: LongReport): string {
  const head = ['', 'no budget', 'within', 'time'];
  const body = rows.map(({ cell, hidden, timesteps, memoryBudget, ...row }) => [
    `${cell.toUpperCase()} ${hidden}, ${timesteps.toLocaleString('en-US')} timesteps`,
    `${row.whole.median.toFixed(0)} ms`,
    `${memoryBudget / 1e6} MB: ${row.within.median.toFixed(0)} ms`,
    `${row.ratio.median.toFixed(2)} ×`,
  ]);
  const table = [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...body];
  const lines = table.map((columns) => `| ${columns.join(' | ')} |`);
  return `${lines.join('\n')}\n\nForward and backward, medians of ${rounds} rounds in turn. ${host.cpu}, one core, Node ${host.node}.`;
}

/** What `--assert` says of a row that missed its bar. */
export function describeLongMiss({ cell, hidden, ratio, bar }: LongRow): string {
  return `${cell} ${hidden}: within the budget ${ratio.median.toFixed(2)} × the time without, at most ${bar} ×`;
}

function line(columns: readonly string[]): string {
  return columns
    .map((text, i) => text.padEnd(WIDTHS[i]!))
    .join('')
    .trimEnd();
}

function withRange({ median, low, high }: Statistics, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
