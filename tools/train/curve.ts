/**
 * The loss curve of a training as SVG, from its log: the training loss, as means of many updates, and the validation
 * loss after each epoch.
 *
 * Written by hand: what plots without a DOM is either fifty megabytes (echarts) or leaves the axes to the caller (d3).
 */
import type { LogLines } from '../cli/training/log.ts';

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 64;
const RIGHT = WIDTH - 24;
const TOP = 48;
const BOTTOM = HEIGHT - 52;

/** Points of the training line: enough for its shape, few enough for a small file. */
const POINTS = 240;
const TRAINING = '#7aa6d6';
const VALIDATION = '#c2410c';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** @param title plain text above the plot */
export function lossCurve({ updates, epochs }: LogLines, title: string): string {
  const training = means(updates.map(({ update, loss }) => ({ x: update, y: loss })));
  const lastUpdate = new Map(updates.map(({ epoch, update }) => [epoch, update]));
  const validation = epochs.flatMap(({ epoch, validation: y }) =>
    y === undefined ? [] : [{ x: lastUpdate.get(epoch)!, y }],
  );
  const xTicks = ticks(0, updates.length, 6);
  const yTicks = ticks(...lossRange(training, validation), 6);
  const x = scale(0, updates.length, LEFT, RIGHT);
  const y = scale(yTicks[0]!, yTicks.at(-1)!, BOTTOM, TOP);
  const path = (points: readonly Point[]) =>
    points.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" \
font-family="sans-serif" font-size="12" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${BOTTOM - TOP}"/></clipPath>
<text x="${LEFT}" y="24" font-size="15">${escapeXml(title)}</text>
${yTicks.map((tick) => horizontal(tick, y(tick), decimals(yTicks))).join('\n')}
${xTicks.map((tick) => vertical(tick, x(tick))).join('\n')}
<text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">updates</text>
<text transform="translate(18 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">loss, nats per character</text>
<g clip-path="url(#plot)" fill="none" stroke-width="2">
<path d="${path(training)}" stroke="${TRAINING}"/>
<path d="${path(validation)}" stroke="${VALIDATION}"/>
</g>
${validation.map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3" fill="${VALIDATION}"/>`).join('\n')}
${legend('training, with dropout', TRAINING, 0)}
${validation.length > 0 ? legend('validation', VALIDATION, 1) : ''}
</svg>
`;
}

/** Means of equal runs of points, at most POINTS of them. */
function means(points: readonly Point[]): Point[] {
  const run = Math.ceil(points.length / POINTS);
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    const sum = part.reduce((total, { y }) => total + y, 0);
    return { x: part.at(-1)!.x, y: sum / part.length };
  });
}

/** From the least loss to that after a twentieth of the training: the first updates would squeeze all others. */
function lossRange(training: readonly Point[], validation: readonly Point[]): [number, number] {
  const early = training[Math.floor(training.length / 20)]!.y;
  const all = [...training, ...validation].map(({ y }) => y);
  const least = Math.min(...all);
  return [least, Math.max(early, ...validation.map(({ y }) => y), least + 0.01)];
}

/** About `wanted` round numbers that enclose the range. */
function ticks(from: number, to: number, wanted: number): number[] {
  const rough = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(from / step);
  return Array.from({ length: Math.ceil(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

function decimals(values: readonly number[]): number {
  return Math.max(0, -Math.floor(Math.log10(values[1]! - values[0]!) + 1e-9));
}

function scale(from: number, to: number, start: number, end: number): (value: number) => string {
  return (value) => (start + ((value - from) / (to - from)) * (end - start)).toFixed(1);
}

function horizontal(value: number, y: string, digits: number): string {
  const label = `<text x="${LEFT - 8}" y="${y}" dy="0.35em" text-anchor="end">${value.toFixed(digits)}</text>`;
  return `<path d="M${LEFT} ${y}H${RIGHT}" stroke="#ddd"/>${label}`;
}

function vertical(value: number, x: string): string {
  if (Number(x) > RIGHT) return '';
  const label = `<text x="${x}" y="${BOTTOM + 18}" text-anchor="middle">${value.toLocaleString('en-US')}</text>`;
  return `<path d="M${x} ${BOTTOM}v5" stroke="#333"/>${label}`;
}

function legend(text: string, colour: string, row: number): string {
  const y = TOP + 16 + 18 * row;
  return `<path d="M${RIGHT - 170} ${y}h24" stroke="${colour}" stroke-width="2"/><text x="${RIGHT - 138}" y="${y}" dy="0.35em">${text}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
