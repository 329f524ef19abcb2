/** NAB's machine temperatures: a sensor inside a large industrial machine, every 5 minutes, with four labelled windows. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'machine_temperature_system_failure.csv';
const LABELS = `realKnownCause/${NAME}`;
/** Of the readings: NAB's probationary period, in which a detector may look around. */
const PROBATION = 0.15;

/** Readings from … to, `to` excluded. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Series {
  readonly file: string;
  readonly sha256: string;
  readonly times: readonly string[];
  /** Degrees. */
  readonly values: Float64Array;
  /** The labelled windows. */
  readonly windows: readonly Span[];
  /** Readings of the probationary period. */
  readonly probation: number;
}

/** @param folder that of shared data, with data/nab in it */
export function readSeries(folder: string): Series {
  const bytes = readFileSync(join(folder, 'data', 'nab', NAME));
  const rows = bytes
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const times = rows.map(([time]) => time!);
  const values = Float64Array.from(rows, ([, value]) => Number(value));
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`${NAME}: line ${bad + 2} has no number: ${rows[bad]}`);
  const labels = JSON.parse(
    readFileSync(join(folder, 'data', 'nab', 'combined_windows.json'), 'utf8'),
  ) as Record<string, readonly (readonly [string, string])[]>;
  return {
    file: NAME,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    times,
    values,
    windows: labels[LABELS]!.map(([from, to]) => spanOf(times, from.slice(0, 19), to.slice(0, 19))),
    probation: Math.floor(PROBATION * values.length),
  };
}

function spanOf(times: readonly string[], first: string, last: string): Span {
  return { from: times.findIndex((time) => time >= first), to: times.findIndex((time) => time > last) };
}
