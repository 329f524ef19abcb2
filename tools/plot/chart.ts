// Line charts as SVG, which a README shows and a report holds. d3-scale finds the ticks and d3-shape draws the paths: both
// are small, well kept, and need no DOM.
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale';
import { curveLinear, curveStepAfter, line } from 'd3-shape';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  /** Of the legend; a series without one is not in it. */
  readonly name?: string;
  /** In the order of x. */
  readonly points: readonly Point[];
  /** Default: the next of COLOURS. */
  readonly colour?: string;
  /** Default `line`. */
  readonly mark?: 'line' | 'dots' | 'line-and-dots' | 'steps';
  readonly dashed?: boolean;
}

export interface Axis {
  readonly label: string;
  /** Default `linear`; on a `log` axis values of 0 and less are left out. */
  readonly scale?: 'linear' | 'log';
  /** Default: what the series and the rules take. */
  readonly range?: readonly [from: number, to: number];
  /** Default: d3's own. */
  readonly format?: (value: number) => string;
}

export interface ChartOptions {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Stretches of x that are shaded. */
  readonly bands?: readonly { readonly from: number; readonly to: number; readonly name?: string }[];
  /** Heights that are marked. */
  readonly rules?: readonly { readonly y: number; readonly name: string }[];
  /** Of the picture; default 720 × 360. */
  readonly width?: number;
  readonly height?: number;
}

/** Told apart also by who sees few colours (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555'];
const BAND = '#f4d9d0';
const LEFT = 72;
const MARGIN = 24;
const TOP = 44;
const BOTTOM = 48;
const LINE = 18;

type Scale = ScaleContinuousNumeric<number, number>;

/** Where things lie in the picture. */
interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly right: number;
  readonly bottom: number;
}

/** One chart, a whole SVG. */
export function chart(options: ChartOptions): string {
  return figure([options]);
}

/** Charts below one another, in one SVG. */
export function figure(charts: readonly ChartOptions[]): string {
  const width = Math.max(...charts.map(widthOf));
  const parts: string[] = [];
  let top = 0;
  for (const options of charts) {
    parts.push(`<g transform="translate(0 ${top})">\n${draw(options)}\n</g>`);
    top += heightOf(options);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" \
font-family="sans-serif" font-size="12" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

/** Means of equal runs of points, at most `most` of them: enough for a line's shape, few enough for a small file. */
export function thinned(points: readonly Point[], most = 240): Point[] {
  const run = Math.ceil(points.length / most);
  return Array.from({ length: run === 0 ? 0 : Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    return { x: part.at(-1)!.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function widthOf({ width = 720 }: ChartOptions): number {
  return width;
}

function heightOf({ height = 360 }: ChartOptions): number {
  return height;
}

function draw(options: ChartOptions): string {
  const { title, series, bands = [], rules = [] } = options;
  const frame = layOut(options);
  const coloured = series.map((one, i) => ({ colour: COLOURS[i % COLOURS.length]!, ...one }));
  return [
    `<text x="${LEFT}" y="24" font-size="15">${escapeXml(title)}</text>`,
    ...bands.map((band) => drawBand(band, frame)),
    ...axes(options, frame),
    ...rules.map((rule) => drawRule(rule, frame)),
    ...coloured.map((one) => drawSeries(one, frame)),
    ...legend(options, coloured, frame),
  ].join('\n');
}

function layOut(options: ChartOptions): Frame {
  const { x, y, series, rules = [], bands = [] } = options;
  const points = series.flatMap((one) => one.points);
  const right = widthOf(options) - MARGIN;
  const bottom = heightOf(options) - BOTTOM;
  const xs = [...points.map((point) => point.x), ...bands.flatMap(({ from, to }) => [from, to])];
  const ys = [...points.map((point) => point.y), ...rules.map((rule) => rule.y)];
  return {
    x: scaleOf(x, xs).range([LEFT, right]).clamp(true),
    y: scaleOf(y, ys).nice().range([bottom, TOP]).clamp(true),
    right,
    bottom,
  };
}

function scaleOf({ scale, range }: Axis, values: readonly number[]): Scale {
  const shown = values.filter((value) => Number.isFinite(value) && (scale !== 'log' || value > 0));
  const [from, to] = range ?? [
    shown.reduce((least, value) => Math.min(least, value), Infinity),
    shown.reduce((most, value) => Math.max(most, value), -Infinity),
  ];
  const domain = from <= to ? [from, to === from ? from + Math.max(1e-6, Math.abs(from) / 10) : to] : [1, 2];
  return (scale === 'log' ? scaleLog() : scaleLinear()).domain(domain);
}

function axes({ x, y }: ChartOptions, frame: Frame): string[] {
  const { right, bottom } = frame;
  const middle = (TOP + bottom) / 2;
  return [
    ...labelled(frame.y, y, 6).map(([at, label]) => {
      const text = `<text x="${LEFT - 8}" y="${at}" dy="0.35em" text-anchor="end">${label}</text>`;
      return `<path d="M${LEFT} ${at}H${right}" stroke="#ddd"/>${text}`;
    }),
    ...labelled(frame.x, x, 8).map(([at, label]) => {
      const text = `<text x="${at}" y="${bottom + 18}" text-anchor="middle">${label}</text>`;
      return `<path d="M${at} ${bottom}v5" stroke="#333"/>${text}`;
    }),
    `<text x="${(LEFT + right) / 2}" y="${bottom + 38}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">${escapeXml(y.label)}</text>`,
  ];
}

/** Places and texts of ticks; a logarithmic scale gives empty texts to those it has no room for. */
function labelled(scale: Scale, { format, scale: kind }: Axis, count: number): [at: string, label: string][] {
  const text = kind === 'log' ? scale.tickFormat(count, '.0e') : scale.tickFormat(count);
  return scale.ticks(count).flatMap((tick): [string, string][] => {
    const own = text(tick);
    return own === '' ? [] : [[place(scale(tick)), escapeXml(format?.(tick) ?? own)]];
  });
}

function drawBand({ from, to }: { from: number; to: number }, { x, bottom }: Frame): string {
  const width = Math.max(1, x(to) - x(from)).toFixed(1);
  return `<rect x="${place(x(from))}" y="${TOP}" width="${width}" height="${bottom - TOP}" fill="${BAND}"/>`;
}

function drawRule({ y: height, name }: { y: number; name: string }, { y, right }: Frame): string {
  const at = place(y(height));
  const text = `<text x="${right}" y="${at}" dy="-4" text-anchor="end">${escapeXml(name)}</text>`;
  return `<path d="M${LEFT} ${at}H${right}" stroke="#333" stroke-dasharray="4 3"/>${text}`;
}

function drawSeries({ points, mark = 'line', colour, dashed }: Series, { x, y }: Frame): string {
  const isShown = (point: Point) => Number.isFinite(x(point.x)) && Number.isFinite(y(point.y));
  const parts: string[] = [];
  if (mark !== 'dots') {
    const path = line<Point>()
      .x((point) => Number(place(x(point.x))))
      .y((point) => Number(place(y(point.y))))
      .defined(isShown)
      .curve(mark === 'steps' ? curveStepAfter : curveLinear)([...points]);
    const dash = dashed ? ' stroke-dasharray="6 3"' : '';
    parts.push(`<path d="${path ?? ''}" fill="none" stroke="${colour}" stroke-width="1.75"${dash}/>`);
  }
  if (mark === 'dots' || mark === 'line-and-dots') {
    const dots = points.filter(isShown);
    parts.push(
      ...dots.map(
        (dot) => `<circle cx="${place(x(dot.x))}" cy="${place(y(dot.y))}" r="3" fill="${colour}"/>`,
      ),
    );
  }
  return parts.join('\n');
}

/** In the corner on the right, from the top down. */
function legend({ bands = [] }: ChartOptions, series: readonly Series[], { right }: Frame): string[] {
  const lines = series.filter(({ name }) => name !== undefined);
  const shades = [...new Set(bands.flatMap(({ name }) => name ?? []))];
  const entries = [
    ...lines.map(({ name, colour, dashed }) => {
      const dash = dashed ? ' stroke-dasharray="6 3"' : '';
      return { name: name!, sample: `<path d="M0 0h22" stroke="${colour}" stroke-width="2"${dash}/>` };
    }),
    ...shades.map((name) => ({ name, sample: `<rect y="-6" width="22" height="12" fill="${BAND}"/>` })),
  ];
  if (entries.length === 0) return [];
  const width = 44 + 6.6 * Math.max(...entries.map(({ name }) => name.length));
  const left = right - width;
  const rows = entries.map(({ name, sample }, row) => {
    const at = `translate(${place(left + 6)} ${TOP + 14 + LINE * row})`;
    return `<g transform="${at}">${sample}<text x="30" dy="0.35em">${escapeXml(name)}</text></g>`;
  });
  const height = LINE * entries.length + 8;
  const box = `<rect x="${place(left)}" y="${TOP + 1}" width="${place(width)}" height="${height}" fill="#fff" opacity="0.8"/>`;
  return [box, ...rows];
}

function place(value: number): string {
  return value.toFixed(1);
}
