import { setImmediate } from 'node:timers/promises';
import type { StepReport, Training } from '../../../src/train/training.ts';
import { replaceFile } from '../files.ts';
import type { Interruption } from './interruption.ts';
import { type EpochLine, readLog, type TrainingLog } from './log.ts';
import type { Progress } from './progress.ts';
import { type ReportOptions, reportPage } from './report.ts';

/** Milliseconds from one report to the next, where an epoch takes longer. */
const REPORT_EVERY = 10_000;

/** A training, and who hears of it. */
export interface Run {
  readonly training: Training;
  readonly progress: Progress;
  readonly interruption: Interruption;
  /** Seconds after which it stops, from now on (default: none). */
  readonly limit?: number;
  readonly log?: TrainingLog;
  readonly checkpoint?: { readonly path: string; readonly every: number };
  /** Drawn from the log. */
  readonly report?: Pick<ReportOptions, 'title' | 'facts'> & { readonly path: string };
  /** A text of the model so far, for the report. */
  sample?(): Promise<string>;
  afterUpdate?(report: StepReport, seconds: number): Promise<void>;
  afterEpoch?(line: EpochLine): Promise<void>;
}

export interface Ran {
  /** Whether all updates are made. */
  readonly finished: boolean;
  /** Of training, in this run. */
  readonly seconds: number;
}

/**
 * Trains to the end, to the limit or to an interruption. The log is never behind the checkpoint, and a checkpoint at the
 * end of an epoch is of after its validation, so that whoever resumes has nothing to make up for. The checkpoint is of the
 * last update in the end, unless the loss is too high by then.
 *
 * @throws DivergedError, after which the checkpoint is the last good one
 * @throws RivuletError `invalid-argument` where a file cannot be written: the one before it stays
 */
export async function runTraining(run: Run): Promise<Ran> {
  const { training, log, checkpoint, progress, interruption, limit = Infinity } = run;
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const seconds = () => Number(((log?.seconds ?? 0) + elapsed()).toFixed(3));
  const goesOn = () => !training.finished && interruption.exitCode === undefined && elapsed() < limit;
  let saved = training.update;
  let reported = began;
  while (goesOn()) {
    const report = training.step();
    const { update, epoch, loss, gradientNorm, learningRate } = report;
    log?.addUpdate({ update, epoch, loss, gradientNorm, learningRate, seconds: seconds() });
    await progress.step(report, limit < Infinity ? elapsed() : update);
    await run.afterUpdate?.(report, elapsed());
    if (report.epochLoss !== undefined) await endEpoch(run, report, report.epochLoss, seconds);
    if (checkpoint && update % checkpoint.every === 0 && training.healthy) {
      await saveCheckpoint(run);
      saved = update;
    }
    if (performance.now() - reported > REPORT_EVERY) {
      await writeReport(run, true);
      reported = performance.now();
    }
    await setImmediate(); // signals are heard
  }
  if (saved !== training.update && training.healthy) await saveCheckpoint(run);
  await writeReport(run, false);
  return { finished: training.finished, seconds: elapsed() };
}

async function endEpoch(
  run: Run,
  { epoch, validation }: StepReport,
  loss: number,
  seconds: () => number,
): Promise<void> {
  const { training, log, progress } = run;
  const line: EpochLine = {
    epoch,
    loss,
    ...(validation !== undefined && { validation }),
    ...(run.sample && { sample: await run.sample() }),
    seconds: seconds(),
  };
  log?.addEpoch(line);
  await run.afterEpoch?.(line);
  if (training.stoppedEarly) {
    const { patience } = training.options.earlyStopping!;
    await progress.print(`stopped early: no lower validation loss for ${patience} epochs`);
  }
  await writeReport(run, true);
}

async function saveCheckpoint(run: Run): Promise<void> {
  if (!run.checkpoint) return;
  run.log?.sync();
  await replaceFile(run.checkpoint.path, run.training.checkpoint());
}

async function writeReport({ log, report }: Run, running: boolean): Promise<void> {
  if (!log || !report) return;
  const page = reportPage({ ...report, lines: readLog(log.path), running });
  await replaceFile(report.path, new TextEncoder().encode(page));
}
