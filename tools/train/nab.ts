/**
 * Forecasts NAB's machine temperatures with small networks that stay as they are or learn from the stream, and writes
 * models/nab. Run from the root of the repository:
 *
 *     RIVULET_SHARED=… node tools/build/run.mjs tools/train/nab.ts
 *
 * $RIVULET_SHARED/data/nab holds the series and NAB's labels. Fails where the learner is not a tenth better than the frozen
 * network.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createRuntime } from '../../src/index.ts';
import { describeFailure, exitCodeOf } from '../cli/failure.ts';
import { card } from './nab/card.ts';
import { compare, mean, type Result } from './nab/experiment.ts';
import { plot } from './nab/plot.ts';
import { alarmsOf, scoreOf } from './nab/score.ts';
import { readSeries } from './nab/series.ts';

const FOLDER = 'models/nab';
/** Readings of five minutes: the next one, and that in an hour. */
const HORIZONS = [1, 12];
/** The row whose forecasts of the next reading are plotted and scored, and what it must have over the frozen network. */
const LEARNER = 'GRU, learning';
const LESS = 0.1;

async function run(folder: string): Promise<void> {
  const started = process.cpuUsage();
  const series = readSeries(folder);
  const runtime = await createRuntime({ module: 'train' });
  const results: Result[] = [];
  for (const horizon of HORIZONS) {
    const result = await compare(runtime, series, horizon);
    results.push(result);
    for (const { name, chosen, streamed, drifted } of result.rows)
      console.log(
        `${horizon} ahead: ${name} (${chosen}): ${mean(streamed).toFixed(4)}, ${mean(drifted).toFixed(4)}`,
      );
  }
  const learner = results[0]!.rows.find(({ name }) => name === LEARNER)!;
  const scores = scoreOf(learner.forecasts, series);
  const alarms = alarmsOf(scores, series);
  const { user, system } = process.cpuUsage(started);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const software = `Rivulet ${version}, train.${runtime.build}.wasm, Node ${process.version}, ${cpus()[0]!.model.trim()}`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/forecasts.svg`, plot(series, learner.forecasts, scores));
  const seconds = (user + system) / 1e6;
  writeFileSync(`${FOLDER}/README.md`, card({ series, results, learner, scores, alarms, software, seconds }));
  const ratio = mean(learner.drifted) / mean(learner.frozen!.drifted);
  if (ratio <= 1 - LESS) return;
  throw new Error(
    `the learner's error is ${(100 * (1 - ratio)).toFixed(1)} % below the frozen network's: not 10 %`,
  );
}

try {
  const folder = process.env.RIVULET_SHARED;
  if (folder === undefined) throw new Error('RIVULET_SHARED must be the folder that has data/nab in it');
  await run(folder);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
