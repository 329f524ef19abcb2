import type { Statistics } from '../timing.ts';
import type { Result, Timing, TrainReport, TrainRow } from './bench.ts';
import { TILE_BAR, type TileRow } from './tiles.ts';

const HEADINGS = ['', 'timesteps/s (p10–p90)', 'Rivulet is so many times as fast (p10–p90)', 'bar'];
const WIDTHS = [14, 30, 46, 0];

/** A row as it is printed when it is done. */
export function describeTrainRow(row: TrainRow): string {
  const title = `${caseOf(row)}; first losses agree to ${row.difference.toExponential(1)} nats`;
  return [title, line(HEADINGS), ...row.results.map(describeResult)].join('\n');
}

function describeResult(result: Result): string {
  if ('refused' in result) return line([result.name, `refused: ${result.refused}`]);
  const { name, timestepsPerSecond, ratio, bar, meetsBar } = result;
  return line([
    name,
    withRange(timestepsPerSecond, count),
    ratio ? withRange(ratio, times) : '',
    bar === undefined ? '' : `${bar} ${meetsBar ? 'met' : 'MISSED'}`,
  ]);
}

/** The table of the README: timesteps/s, and how many times as fast Rivulet is. */
export function trainMarkdown({ rows, host, contenders }: TrainReport): string {
  const titles = rows.map(({ cell, hidden, batch }) => `${cell.toUpperCase()} ${hidden}, batch ${batch}`);
  const head = ['timesteps/s', ...titles];
  const body = contenders.map(({ name }) => [
    name,
    ...rows.map(({ results }) => cellOf(results.find((result) => result.name === name)!)),
  ]);
  const table = [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...body];
  const lines = table.map((columns) => `| ${columns.join(' | ')} |`);
  const first = rows[0]!;
  const about = contenders.flatMap(({ name, about }) =>
    about[0] === undefined ? [] : `${name}: ${about[0]}.`,
  );
  return `${lines.join('\n')}

${first.input} features → hidden units → dense ${first.output}, softmax cross-entropy, ${first.timesteps} timesteps a window, Adam, clipping.
In brackets: Rivulet's timesteps/s over that one's, the median of paired rounds.
${host.cpu}, one core, Node ${host.node}. ${about.join(' ')}`;
}

function cellOf(result: Result): string {
  if ('refused' in result) return 'refused';
  const { timestepsPerSecond, ratio } = result;
  return `${count(timestepsPerSecond.median)}${ratio ? ` (${times(ratio.median)} ×)` : ''}`;
}

/** What `--assert` says of a timing that missed its bar. */
export function describeMiss(row: TrainRow, { name, ratio, bar }: Timing): string {
  return `${caseOf(row)}: ${ratio!.median.toFixed(3)} × the timesteps/s of ${name}, at least ${bar} ×`;
}

/** A tile as it is printed when it is done. */
export function describeTile(row: TileRow): string {
  const { cost, meetsBar } = row;
  return `${tileOf(row)}: ${withRange(cost, times)} × its time, at most ${TILE_BAR} ${meetsBar ? 'met' : 'MISSED'}`;
}

/** What `--assert` says of a tile that costs more than its bar. */
export function describeTileMiss(row: TileRow): string {
  return `${tileOf(row)}: ${row.cost.median.toFixed(3)} × its time, at most ${TILE_BAR} ×`;
}

function tileOf({ cell, varies, size, next, batch }: TileRow): string {
  return `${cell}, ${varies} ${size} beside ${next}${varies === 'batch' ? '' : `, batch ${batch}`}`;
}

function caseOf({ cell, batch, input, hidden, output, timesteps }: TrainRow): string {
  return `${cell} ${input} → ${hidden} → ${output}, ${timesteps} timesteps, batch ${batch}`;
}

function line(columns: readonly string[]): string {
  return columns
    .map((text, i) => text.padEnd(WIDTHS[i]!))
    .join('')
    .trimEnd();
}

function withRange({ median, low, high }: Statistics, show: (value: number) => string): string {
  return `${show(median)} (${show(low)}–${show(high)})`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Three significant digits, or all before the point. */
function times(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
