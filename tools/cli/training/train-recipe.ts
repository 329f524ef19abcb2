import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { serializeModel } from '../../../src/formats/model-file.ts';
import {
  createRuntime,
  type ModelDefinition,
  RivuletError,
  type Runtime,
  type RuntimeOptions,
} from '../../../src/index.ts';
import { DivergedError } from '../../../src/train/diverged.ts';
import { Training } from '../../../src/train/training.ts';
import { readBytesIfAny, removeLeftovers, replaceFile } from '../files.ts';
import type { Output } from '../output.ts';
import { count } from '../table.ts';
import { Interruption } from './interruption.ts';
import { type EpochLine, TrainingLog } from './log.ts';
import { duration, Progress } from './progress.ts';
import { runTraining } from './run.ts';
import { sampleText } from './sample.ts';
import { readTask, type Task, type TaskOptions, type TaskRecord } from './task.ts';

/** Of the text that the report shows of each epoch. */
const SAMPLE_CHARACTERS = 300;

export interface TrainOptions extends Omit<TaskOptions, 'written'> {
  readonly build: NonNullable<RuntimeOptions['build']>;
  readonly output: string;
  readonly log: string;
  readonly checkpoint: string;
  /** An HTML file; undefined for none. */
  readonly report: string | undefined;
  /** Updates from one checkpoint to the next. */
  readonly checkpointEvery: number;
  readonly resume: boolean;
}

/** What the model file says of its training, under the metadata key `training`. */
export interface TrainingRecord extends TaskRecord {
  readonly updates: number;
  readonly epochs: readonly Omit<EpochLine, 'seconds' | 'sample'>[];
}

export interface Trained {
  /** Whether the model is written; if not, the training was interrupted. */
  readonly finished: boolean;
  /** For the program to end with. */
  readonly exitCode: number;
}

/**
 * Trains a model from nothing, with log and checkpoints, and writes it.
 *
 * @throws RivuletError `diverged`, `checkpoint-mismatch`, `invalid-checkpoint` and other refusals; none of them changes a
 * checkpoint
 */
export async function trainRecipe(path: string, options: TrainOptions, output: Output): Promise<Trained> {
  const runtime = await createRuntime({ build: options.build, module: 'train' });
  const { report } = options;
  const written = [options.output, options.log, options.checkpoint, ...(report ? [report] : [])];
  const task = await readTask(path, { ...options, written }, runtime);
  using training = await beginTraining(runtime, task, options, output);
  const record = { ...task.record, updates: training.updates };
  const log = options.resume
    ? TrainingLog.resume(options.log, record, training.update)
    : TrainingLog.create(options.log, record);
  const progress = new Progress(output, training.updates, training.update);
  const interruption = new Interruption();
  const checkpoint = { path: options.checkpoint, every: options.checkpointEvery };
  try {
    await output.print([...task.notes, describe(training, task, options)].join('\n'));
    const { finished } = await runTraining({
      training,
      log,
      checkpoint,
      progress,
      interruption,
      ...(report && {
        report: { path: report, title: basename(options.output), facts: facts(training, task) },
      }),
      sample: () => sampleText(runtime, training.definition(), { characters: SAMPLE_CHARACTERS }),
      afterEpoch: (line) => progress.print(describeEpoch(line, training)),
    });
    progress.stop();
    if (finished) {
      await writeModel(withRecord(training.definition(), { ...record, epochs: log.epochs }), options, output);
    } else {
      await output.print(describeStop(training, options));
    }
    return { finished, exitCode: finished ? 0 : interruption.exitCode! };
  } catch (error) {
    progress.stop();
    throw error instanceof DivergedError ? await afterDivergence(error, options) : error;
  } finally {
    interruption.stop();
    log.close();
  }
}

/** From the checkpoint, or from nothing where there is none; never over one. */
async function beginTraining(
  runtime: Runtime,
  { definition, text, options: trainingOptions }: Task,
  { output: model, checkpoint: path, resume }: TrainOptions,
  output: Output,
): Promise<Training> {
  const checkpoint = await readBytesIfAny(path);
  if (checkpoint && !resume) {
    throw new RivuletError(
      'invalid-argument',
      `${path} is the checkpoint of a training that has not finished: go on from it with --resume, or remove it`,
    );
  }
  if (resume && !checkpoint && (await readBytesIfAny(model))) {
    throw new RivuletError(
      'invalid-argument',
      `${model} is there and ${path} is not, so this training has finished: without --resume a new one begins`,
    );
  }
  for (const file of [model, path]) await removeLeftovers(file);
  if (!checkpoint) {
    if (resume) await output.print(`${path} is not there yet: beginning with the first update`);
    return new Training(runtime, definition, text, trainingOptions);
  }
  try {
    return Training.resume(runtime, definition, text, trainingOptions, checkpoint);
  } catch (cause) {
    if (!(cause instanceof RivuletError)) throw cause;
    throw new RivuletError(cause.code, `${path}: ${cause.message}. The file was left as it is`, { cause });
  }
}

function describe(training: Training, { record }: Task, { log, checkpoint }: TrainOptions): string {
  const { parameterCount, updates, update, options } = training;
  const from = update === 0 ? '' : `, going on after update ${count(update)}`;
  return (
    `${record.data.file}: ${count(record.data.characters)} characters; ${count(parameterCount)} parameters; ` +
    `${count(updates)} updates in ${options.epochs} epochs${from}\nlog ${log}, checkpoint ${checkpoint}`
  );
}

function describeEpoch({ epoch, loss, validation, seconds }: EpochLine, { options }: Training): string {
  const text = validation === undefined ? '' : `  validation ${validation.toFixed(4)}`;
  return `epoch ${epoch}/${options.epochs}  loss ${loss.toFixed(4)}${text}  ${duration(seconds)}`;
}

/** What the report says of a training before its curves. */
function facts({ parameterCount, updates, options }: Training, { record }: Task): [string, string][] {
  const { layers } = record.recipe.model;
  return [
    ['data', `${record.data.file}, ${count(record.data.characters)} characters`],
    ['layers', layers.map((layer) => JSON.stringify(layer)).join(', ')],
    ['parameters', count(parameterCount)],
    ['updates', `${count(updates)} in ${options.epochs} epochs`],
    ['windows', `${options.batchSize} streams × ${options.unroll} timesteps`],
    ['optimizer', `${JSON.stringify(options.optimizer)}, learning rate ${options.learningRate}`],
    ['seed', String(record.recipe.seed)],
  ];
}

function describeStop({ update, updates, healthy }: Training, { checkpoint }: TrainOptions): string {
  const where = healthy
    ? `${checkpoint} is of this update`
    : `${checkpoint}, where there is one, is of before the loss rose`;
  return `stopped after update ${count(update)} of ${count(updates)}; ${where}: --resume goes on`;
}

function withRecord(
  definition: ModelDefinition,
  { epochs, ...task }: Omit<TrainingRecord, 'epochs'> & { epochs: readonly EpochLine[] },
): ModelDefinition {
  // No times: the same recipe, data and seed shall give the same bytes.
  const numbers = epochs.map(({ seconds: _, sample: __, ...epoch }) => epoch);
  const record: TrainingRecord = { ...task, epochs: numbers };
  return { ...definition, metadata: { ...definition.metadata, training: JSON.stringify(record) } };
}

/** The checkpoint has served when the model is written, and goes. */
async function writeModel(definition: ModelDefinition, options: TrainOptions, output: Output): Promise<void> {
  const bytes = serializeModel(definition);
  await replaceFile(options.output, bytes);
  await rm(options.checkpoint, { force: true });
  await output.print(`${options.output}  ${count(bytes.length)} bytes`);
}

async function afterDivergence(
  { update, loss, learningRate, lastGood }: DivergedError,
  { output, checkpoint }: TrainOptions,
): Promise<RivuletError> {
  const model = `${output}.last-good`;
  const kept: string[] = [];
  if (lastGood.update > 0) {
    await replaceFile(model, serializeModel(lastGood.definition));
    kept.push(`${model} is the model after update ${lastGood.update}`);
  }
  if (await readBytesIfAny(checkpoint)) kept.push(`${checkpoint} is the last good checkpoint`);
  return new RivuletError(
    'diverged',
    `the training diverged at update ${update}, which was not made: loss ${loss} at learning rate ${learningRate}. ` +
      `Lower learningRate or clipNorm and begin anew; ${kept.join('; ') || 'no update before it was good'}`,
  );
}
