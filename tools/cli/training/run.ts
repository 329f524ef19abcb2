import { setImmediate } from 'node:timers/promises';
import type { StepReport, Training } from '../../../src/train/training.ts';
import { replaceFile } from '../files.ts';
import type { Interruption } from './interruption.ts';
import type { TrainingLog } from './log.ts';
import { duration, type Progress } from './progress.ts';

export interface Run {
  readonly training: Training;
  readonly log: TrainingLog;
  readonly checkpoint: { readonly path: string; readonly every: number };
  readonly progress: Progress;
  readonly interruption: Interruption;
}

/**
 * Trains to the end or to an interruption. The log is never behind the checkpoint, and a checkpoint at the end of an
 * epoch is of after its validation, so that whoever resumes has nothing to make up for.
 *
 * @returns whether the training is finished; the checkpoint is of its last update, unless the loss is too high by then
 * @throws DivergedError, after which the checkpoint is the last good one
 */
export async function runTraining(run: Run): Promise<boolean> {
  const { training, log, checkpoint, progress, interruption } = run;
  const started = performance.now() - 1000 * log.seconds;
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(3));
  let saved = training.update;
  while (!training.finished && interruption.exitCode === undefined) {
    const report = training.step();
    const { update, epoch, loss, gradientNorm, learningRate } = report;
    log.addUpdate({ update, epoch, loss, gradientNorm, learningRate, seconds: seconds() });
    await progress.step(report, update);
    if (report.epochLoss !== undefined) await endEpoch(run, report, report.epochLoss, seconds);
    if (update % checkpoint.every === 0 && training.healthy) {
      await saveCheckpoint(run);
      saved = update;
    }
    await setImmediate(); // signals are heard
  }
  if (saved !== training.update && training.healthy) await saveCheckpoint(run);
  return training.finished;
}

async function endEpoch(
  { training, log, progress }: Run,
  { epoch }: StepReport,
  loss: number,
  seconds: () => number,
): Promise<void> {
  const validated = training.hasValidation ? { validation: training.validate() } : {};
  const line = { epoch, loss, ...validated, seconds: seconds() };
  log.addEpoch(line);
  const text = validated.validation === undefined ? '' : `  validation ${validated.validation.toFixed(4)}`;
  await progress.print(
    `epoch ${epoch}/${training.options.epochs}  loss ${loss.toFixed(4)}${text}  ${duration(line.seconds)}`,
  );
}

async function saveCheckpoint({ training, log, checkpoint }: Run): Promise<void> {
  log.sync();
  await replaceFile(checkpoint.path, training.checkpoint());
}
