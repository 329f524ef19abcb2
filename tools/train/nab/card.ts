/** models/nab/README.md. Every number in it is measured, or one of the recipe's. */
import {
  choiceOf,
  driftOf,
  EVERY,
  FIXED,
  FORGETTING,
  mean,
  ORDERS,
  RATES,
  type Result,
  type Row,
  SEEDS,
  UPDATES,
} from './experiment.ts';
import { ALARM_READINGS, type Alarms, type Scores } from './score.ts';
import type { Series } from './series.ts';

export interface CardFacts {
  readonly series: Series;
  readonly results: readonly Result[];
  /** The row that is plotted and scored. */
  readonly learner: Row;
  readonly scores: Scores;
  readonly alarms: Alarms;
  readonly software: string;
  /** Processor time, of all threads. */
  readonly seconds: number;
}

export function card(facts: CardFacts): string {
  const { series, results, software, seconds } = facts;
  const { values, times, probation } = series;
  return `# nab

Forecasts of a machine's temperature by networks that stay as they are and by the same networks as they learn from the stream
(\`createLearner\`), beside the last value and linear models. Made by \`tools/train/nab.ts\`; do not edit.

\`\`\`sh
npm ci && npm run build
RIVULET_SHARED=… node tools/build/run.mjs tools/train/nab.ts
\`\`\`

${seconds.toFixed(0)} s of processor time in all (${software}).

## Data

\`${series.file}\` of the Numenta Anomaly Benchmark (SHA-256 \`${series.sha256}\`; not in this repository):
${count(values.length)} readings, one every 5 minutes, from ${times[0]} to ${times.at(-1)}, with ${series.windows.length} labelled windows. The first 15 %
(${count(probation)} readings, NAB's probationary period) are trained on; the rest comes as a stream, and each reading is forecast before it is
seen. The labels serve to say where the drift begins, and to count alarms; nothing learns from them.

## Forecasts

Mean absolute error in degrees; networks: mean of ${SEEDS.length} seeds, and their range. *Streamed*: all readings behind the probationary period.
*After the drift*: from the first labelled window behind it on (reading ${count(driftOf(series))}, ${times[driftOf(series)]}). The probationary period has a labelled window
of its own, so all that is streamed is after that one.

${results.map(table).join('\n\n')}

${verdict(facts)}

## What was chosen, and where

On the readings before the first labelled window (${count(choiceOf(series).span.to)}) and nowhere else: trained on their first two thirds, measured on the rest,
streamed. Updates of the training: ${list(UPDATES)}. Learning rate: ${list(RATES)}, an update every ${list(EVERY)} readings. Orders: ${list(ORDERS)}; forgetting: ${list(FORGETTING)}.
Not chosen: ${FIXED.units} units and a dense layer, which see one value, (reading - mean) / deviation of what they were trained on, and give the value
of the reading to come; Adam, trained at ${FIXED.learningRate} down to 0 by a cosine in ${FIXED.batchSize} streams and windows of ${FIXED.unroll}; learning through windows of ${FIXED.window}, or,
"rtrl", by real-time recurrent learning. The learner begins with the frozen network's weights and with fresh moments.
The size is not free of what came after: while the script was written other sizes were seen on the streamed part (a GRU of 8 units
saved 15 %, one of 32 6 %, an LSTM of 8 14 %).

## Anomalies

![Readings, forecasts, labelled windows, anomaly score and threshold](forecasts.svg)

${anomalies(facts)}
`;
}

function table({ horizon, rows }: Result): string {
  const title =
    horizon === 1
      ? 'The next reading'
      : `${horizon} readings, ${horizon / 12} hour${horizon > 12 ? 's' : ''}, ahead`;
  return `### ${title}

| | chosen | streamed | after the drift | against frozen |
|---|---|---:|---:|---:|
${rows.map((row) => `| ${[row.name, row.chosen, errors(row.streamed), errors(row.drifted), change(row)].join(' | ')} |`).join('\n')}`;
}

function errors(values: readonly number[]): string {
  const middle = mean(values).toFixed(3);
  if (values.length === 1) return middle;
  return `${middle} (${Math.min(...values).toFixed(3)} … ${Math.max(...values).toFixed(3)})`;
}

function change({ drifted, frozen }: Row): string {
  if (!frozen) return '';
  const share = mean(drifted) / mean(frozen.drifted) - 1;
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

function verdict({ series, results, learner }: CardFacts): string {
  const { rows } = results[0]!;
  const error = (name: string) => mean(rows.find((row) => row.name === name)!.drifted).toFixed(3);
  const { share, difference } = outOfRange(series, learner);
  return `A GRU saturates where readings leave the range that it was trained on: ${percent(share)} of the readings after the drift lie
outside it, and ${percent(difference)} of what learning saves of the error of the next reading is saved there (seed ${SEEDS[0]}):
within the range learning ${difference > 1 ? 'costs a little' : 'saves the rest'}. A minGRU
without an activation is nearly linear in what it sees, suffers little when frozen (${error('minGRU, frozen')}), and leaves little to learn. An hour
ahead the series is close to a random walk, and there is little that anyone can know. Where a linear autoregression does (${error('linear autoregression, frozen')}
frozen, ${error('linear autoregression, recursive least squares')} by recursive least squares), a network is not needed.`;
}

/**
 * After the drift: the share of the readings outside the range of the probationary period, and of the error that learning
 * saves at the forecasts made from them or of them.
 */
function outOfRange(
  { values, probation, ...rest }: Series,
  learner: Row,
): { share: number; difference: number } {
  const known = values.subarray(0, probation);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const isOut = (t: number) => values[t]! < low || values[t]! > high;
  const from = driftOf({ values, probation, ...rest });
  let [count, saved, savedThere] = [0, 0, 0];
  for (let t = from; t < values.length; t++) {
    const [before, after] = [learner.frozen!, learner].map(({ forecasts }) =>
      Math.abs(forecasts[t]! - values[t]!),
    );
    saved += before! - after!;
    if (!isOut(t) && !isOut(t - 1)) continue;
    count++;
    savedThere += before! - after!;
  }
  return { share: count / (values.length - from), difference: savedThere / saved };
}

function anomalies({ series, scores, alarms }: CardFacts): string {
  const { detections, falseAlarms, falseShare } = alarms;
  const rows = detections.map(({ window, at }) => {
    const found = at === undefined ? 'no' : `${series.times[at]}`;
    return `| ${series.times[window.from]} … ${series.times[window.to - 1]} | ${found} |`;
  });
  return `The score is the mean absolute error of the last hour, of the learning GRU's forecasts of the next reading (seed ${SEEDS[0]}), as a robust z-score: less
the median, over 1.4826 times the median absolute deviation, both of the probationary period. The threshold, ${scores.threshold.toFixed(2)}, is the 99 % quantile of
the scores of that period, whose labels were not looked at.

| labelled window | first alarm in it |
|---|---|
${rows.join('\n')}

Outside the windows ${percent(falseShare)} of the readings are above the threshold, in ${falseAlarms} alarms, those within ${ALARM_READINGS} readings of each other counted as one.`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function list(values: readonly number[]): string {
  return values.join(', ');
}
