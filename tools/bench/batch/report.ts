import type { Statistics } from '../timing.ts';
import { STREAMS } from './bars.ts';
import type { BatchReport, BatchRow } from './bench.ts';

const HEADINGS = [
  'cell  weights  size',
  'one stream µs (p10–p90)',
  `${STREAMS} streams µs (p10–p90)`,
  'steps of one stream (p10–p90)',
  'bar',
];
const WIDTHS = [22, 28, 30, 32, 0];

export function batchHeadings(): string {
  return line(HEADINGS);
}

/** A row as it is printed when it is done. */
export function describeBatchRow({
  cell,
  weights,
  size,
  single,
  batch,
  cost,
  bar,
  meetsBar,
}: BatchRow): string {
  return line([
    `${cell.padEnd(5)} ${weights.padEnd(8)} ${size}`,
    withRange(single),
    withRange(batch),
    withRange(cost),
    `${bar} ${meetsBar ? 'met' : 'MISSED'}`,
  ]);
}

/** The table of the README: how many steps of one stream a step of the batch takes. */
export function batchMarkdown({ rows, host, streams }: BatchReport): string {
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const layers = [...new Set(rows.map(layerOf))];
  const head = [`${streams} streams cost`, ...sizes.map((size) => `${size} → ${size}`)];
  const body = layers.map((layer) => [
    layer,
    ...sizes.map((size) => {
      const row = rows.find((each) => layerOf(each) === layer && each.size === size);
      return row ? `${row.cost.median.toFixed(1)} ×` : '';
    }),
  ]);
  const table = [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...body];
  const lines = table.map((columns) => `| ${columns.join(' | ')} |`);
  return `${lines.join('\n')}\n\nTimes the step of one stream, in the same run. ${host.cpu}, one core, Node ${host.node}.`;
}

/** What `--assert` says of a row that missed its bar. */
export function describeBatchMiss({ cell, weights, size, cost, bar }: BatchRow): string {
  return `${cell} ${weights} ${size}: ${STREAMS} streams cost ${cost.median.toFixed(2)} × one, at most ${bar} ×`;
}

function layerOf({ cell, weights }: BatchRow): string {
  return `${cell.toUpperCase()} ${weights}`;
}

function line(columns: readonly string[]): string {
  return columns
    .map((text, i) => text.padEnd(WIDTHS[i]!))
    .join('')
    .trimEnd();
}

function withRange({ median, low, high }: Statistics): string {
  return `${show(median)} (${show(low)}–${show(high)})`;
}

/** Three significant digits at least. */
function show(value: number): string {
  return value.toFixed(value < 1 ? 3 : value < 100 ? 2 : 0);
}
