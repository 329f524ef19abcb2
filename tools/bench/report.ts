import type { BenchReport, BenchRow } from './bench.ts';
import type { Statistics } from './timing.ts';

const HEADINGS = [
  'cell  weights  size',
  'step µs (p10–p90, p99)',
  'prototype µs (p10–p90)',
  'ratio (p10–p90)',
  'bar',
  'checks and copies + module + call',
];
const WIDTHS = [20, 32, 28, 24, 12, 0];

export function headings(): string {
  return line(HEADINGS);
}

/** A row as it is printed when it is done. */
export function describeRow({ cell, weights, size, step, shares, prototype }: BenchRow): string {
  const { javascript, module, call } = shares;
  const parts = [javascript.median, module.median - call.median, call.median];
  const whole = javascript.median + module.median;
  return line([
    `${cell.padEnd(5)} ${weights.padEnd(8)} ${size}`,
    `${time(step.median)} (${range(step, time)}, ${time(step.p99)})`,
    prototype ? `${time(prototype.time.median)} (${range(prototype.time, time)})` : '-',
    prototype ? `${prototype.ratio.median.toFixed(3)} (${range(prototype.ratio, (v) => v.toFixed(2))})` : '-',
    prototype?.bar === undefined ? '-' : `${prototype.bar} ${prototype.meetsBar ? 'met' : 'MISSED'}`,
    parts.map((part) => `${time(part)} (${percent(part / whole)})`).join(' + '),
  ]);
}

/** What holds for several rows, once. */
export function notes({ rows }: BenchReport): string[] {
  return [...new Set(rows.flatMap(({ prototype }) => prototype?.note ?? []))];
}

/** The table of the README: microseconds a step, and how many times the prototype's. */
export function markdown({ rows, host }: BenchReport): string {
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const layers = [...new Set(rows.map(layerOf))];
  const cells = layers.map((layer) => [
    layer,
    ...sizes.map((size) => {
      const row = rows.find((each) => layerOf(each) === layer && each.size === size);
      if (!row) return '';
      const against = row.prototype ? ` (${row.prototype.ratio.median.toFixed(2)} ×)` : '';
      return `${time(row.step.median)}${against}`;
    }),
  ]);
  const head = ['µs a step', ...sizes.map((size) => `${size} → ${size}`)];
  const table = [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...cells];
  const compared = rows.some(({ prototype }) => prototype)
    ? ' In brackets: times the prototype of the kernel study, in the same run.'
    : '';
  const rows_ = table.map((columns) => `| ${columns.join(' | ')} |`);
  return `${rows_.join('\n')}\n\n${host.cpu}, one core, Node ${host.node}.${compared}`;
}

function layerOf({ cell, weights }: BenchRow): string {
  return `${cell.toUpperCase()} ${weights}`;
}

function line(columns: readonly string[]): string {
  return columns.map((text, i) => text.padEnd(WIDTHS[i]!)).join('');
}

function range({ low, high }: Statistics, show: (value: number) => string): string {
  return `${show(low)}–${show(high)}`;
}

/** Three significant digits. */
function time(microseconds: number): string {
  const digits = microseconds < 1 ? 3 : microseconds < 10 ? 2 : microseconds < 100 ? 1 : 0;
  return microseconds.toFixed(digits);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
