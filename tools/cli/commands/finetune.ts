import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { adapterOf } from '../../../src/adapters/adapter.ts';
import { parseModelFile, serializeModel } from '../../../src/formats/model-file.ts';
import {
  createRuntime,
  loadModel,
  type ModelDefinition,
  RivuletError,
  type RuntimeOptions,
} from '../../../src/index.ts';
import { requantizeModel } from '../../../src/train/dequantize.ts';
import { DivergedError } from '../../../src/train/diverged.ts';
import type { Training } from '../../../src/train/training.ts';
import { readBytes, refuseOverwriting, replaceFile } from '../files.ts';
import { buildOption, parseCount, parseFileOrFraction, parseNumber, parsePositive } from '../options.ts';
import { Output } from '../output.ts';
import { count } from '../table.ts';
import {
  createTraining,
  describeTask,
  type FineTuneOptions,
  readTexts,
  type Texts,
  withRecord,
} from '../training/fine-tune.ts';
import { Interruption } from '../training/interruption.ts';
import { TrainingLog } from '../training/log.ts';
import { PARTS_HEAD, Parts } from '../training/parts.ts';
import { Progress } from '../training/progress.ts';
import { type Run, runTraining } from '../training/run.ts';
import { sampleText } from '../training/sample.ts';

interface Options extends FineTuneOptions {
  build: NonNullable<RuntimeOptions['build']>;
  output?: string;
  seconds?: number;
  prompt?: string;
}

const EXAMPLES = `
An int8 model is trained in float32 and made int8 again. Characters that the model reads as others (“ as ") stay so;
those it does not know are refused, or left out with --skip-unknown. With --epochs the same seed gives the same model.

Examples:
  $ rivulet finetune model.safetensors --data speeches.txt -o speaker.safetensors
  $ rivulet finetune model.safetensors --data speeches.txt --epochs 3 --validation held-out.txt
  $ rivulet finetune model.safetensors --data speeches.txt --report run.html --checkpoint run.checkpoint`;

const SECONDS = 60;
const SAMPLE_CHARACTERS = 300;

export function addFinetune(program: Command): void {
  program
    .command('finetune')
    .description('continue the training of a language model on another text')
    .argument('<model>', 'model file; it stays as it is')
    .requiredOption('--data <file>', 'UTF-8 text')
    .option('-o, --output <file>', 'model file to write (default: NAME.finetuned.safetensors, here)')
    .option(
      '--seconds <n>',
      `time of training (default: ${SECONDS}, unless --epochs is given)`,
      parsePositive,
    )
    .option('--epochs <n>', 'passes over the data', parseCount)
    .option(
      '--validation <file|fraction>',
      'text, or the last fraction of the data',
      parseFileOrFraction,
      0.1,
    )
    .option('--batch-size <n>', 'streams side by side', parseCount, 32)
    .option('--unroll <n>', 'timesteps through which the gradient goes back', parseCount, 64)
    .option('--learning-rate <x>', 'of Adam, constant', parseNumber, 0.002)
    .option('--clip-norm <x>', 'longest gradient', parseNumber, 1)
    .option('--dropout <x>', '0 … 0.9', parseNumber, 0)
    .option('--quantization-aware', 'train with the matrices rounded as int8 ones', false)
    .option('--seed <n>', 'of the order of the data, of dropout and of adapters', parseNumber, 0)
    .option(
      '--adapter <file>',
      'train a low-rank adapter alone, and write it beside the model that has it merged',
    )
    .option('--rank <n>', 'of the adapter', parseCount, 8)
    .option('--prompt <text>', 'what the samples go on from (default: a new line)')
    .option('--log <file>', 'a line of JSON for each update and each epoch')
    .option('--report <file>', 'HTML with curves and samples, drawn from the log (default log: FILE.jsonl)')
    .option('--checkpoint <file>', 'what --resume goes on from')
    .option('--checkpoint-every <updates>', 'updates from one checkpoint to the next', parseCount, 200)
    .option('--resume', 'go on from the checkpoint', false)
    .option('--skip-unknown', 'leave out characters that the model does not know', false)
    .addOption(buildOption())
    .addHelpText('after', EXAMPLES)
    .action(finetune);
}

async function finetune(path: string, options: Options): Promise<void> {
  const target = options.output ?? `${basename(path).replace(/\.safetensors$/, '')}.finetuned.safetensors`;
  const { log, report, checkpoint, adapter } = options;
  const written = [target, log, report, checkpoint, adapter].filter((file) => file !== undefined);
  await refuseOverwriting([path, options.data, options.validation], written);
  const original = parseModelFile(await readBytes(path));
  const texts = await readTexts(original, options);
  const runtime = await createRuntime({ build: options.build, module: 'train' });
  const output = new Output();
  using training = await createTraining(runtime, original, texts, options);
  await output.print(describe(training, texts));
  const before = training.validate();
  const sample = async (definition: ModelDefinition) =>
    indented(await sampleText(runtime, definition, { ...options, characters: SAMPLE_CHARACTERS }));
  await output.print(`\nbefore: ${before.toFixed(4)} nats/char\n\n${await sample(original)}\n`);

  const { seconds, exitCode } = await train(training, texts, options, target, output);
  const after = training.validate();
  const trained = training.definition();
  const requantized = requantizeModel(trained, original);
  const how = options.quantizationAware ? 'with its matrices rounded' : 'in float32';
  const note = requantized === trained ? '' : `, ${how}; the file is int8 again`;
  const definition = withRecord(requantized, texts, training);
  const bytes = serializeModel(definition);
  await replaceFile(target, bytes);
  const adapters = training.adapters();
  if (adapter && adapters) {
    using base = await loadModel(original, { runtime });
    await replaceFile(adapter, adapterOf(base, adapters).toBytes());
  }
  if (checkpoint && training.finished) await rm(checkpoint, { force: true });
  await output.print(
    `\nafter ${count(training.update)} updates in ${seconds.toFixed(1)} s: ${after.toFixed(4)} nats/char, ` +
      `${(before - after).toFixed(4)} less${note}\n\n${await sample(definition)}\n\n` +
      `${target}  ${count(bytes.length)} bytes`,
  );
  process.exitCode = exitCode;
}

function describe({ parameterCount }: Training, { data, validation }: Texts): string {
  const heldOut =
    typeof validation === 'number'
      ? `the last ${100 * validation} % for validation`
      : `${validation.record.file} for validation`;
  const notes = [data, validation].map((text) => (typeof text === 'number' ? '' : text.fitted.note));
  return [
    `${data.record.file}: ${count(data.record.characters)} characters, ${heldOut}; ${count(parameterCount)} parameters`,
    ...notes.filter((note) => note !== ''),
  ].join('\n');
}

async function train(
  training: Training,
  texts: Texts,
  options: Options,
  target: string,
  output: Output,
): Promise<{ seconds: number; exitCode: number }> {
  const { seconds: limit = options.epochs === undefined ? SECONDS : Infinity } = options;
  const total = Math.min(limit, training.updates);
  const progress = new Progress(output, total, limit < Infinity ? 0 : training.update);
  const interruption = new Interruption();
  const parts = new Parts(total);
  const log = openLog(training, texts, options);
  try {
    await progress.print(PARTS_HEAD);
    const { seconds } = await runTraining({
      training,
      progress,
      interruption,
      limit,
      ...reporting(training, texts, options, target, log),
      async afterUpdate(report, seconds) {
        const line = parts.add(report, limit < Infinity ? seconds : report.update, seconds);
        if (line !== undefined) await progress.print(line);
      },
    });
    const rest = parts.rest(seconds, training.update);
    if (rest !== undefined) await progress.print(rest);
    return { seconds, exitCode: interruption.exitCode ?? 0 };
  } catch (error) {
    throw error instanceof DivergedError ? afterDivergence(error) : error;
  } finally {
    progress.stop();
    interruption.stop();
    log?.close();
  }
}

/** A report is drawn from a log: without --log it gets one of its own beside it. */
function openLog(
  training: Training,
  texts: Texts,
  { log, report, resume }: Options,
): TrainingLog | undefined {
  const path = log ?? (report && `${report}.jsonl`);
  if (path === undefined) return undefined;
  const task = describeTask(texts, training);
  return resume ? TrainingLog.resume(path, task, training.update) : TrainingLog.create(path, task);
}

function reporting(
  training: Training,
  texts: Texts,
  { report, checkpoint, checkpointEvery, prompt }: Options,
  target: string,
  log: TrainingLog | undefined,
): Partial<Run> {
  const { runtime } = training;
  const characters = SAMPLE_CHARACTERS;
  return {
    ...(log && { log }),
    ...(checkpoint && { checkpoint: { path: checkpoint, every: checkpointEvery } }),
    ...(report && {
      report: { path: report, title: basename(target), facts: facts(training, texts) },
      sample: () =>
        sampleText(runtime, training.definition(), { characters, ...(prompt !== undefined && { prompt }) }),
    }),
  };
}

function facts({ parameterCount, options }: Training, { data }: Texts): [string, string][] {
  return [
    ['data', `${data.record.file}, ${count(data.record.characters)} characters`],
    ['parameters', count(parameterCount)],
    ['windows', `${options.batchSize} streams × ${options.unroll} timesteps`],
    ['optimizer', `${JSON.stringify(options.optimizer)}, learning rate ${options.learningRate}`],
    ['seed', String(options.seed)],
  ];
}

function afterDivergence(error: DivergedError): RivuletError {
  return new RivuletError(
    'diverged',
    `the training diverged at update ${error.update}: loss ${error.loss} at learning rate ${error.learningRate}. ` +
      'Lower --learning-rate or --clip-norm; no model was written',
    { cause: error },
  );
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`.trimEnd())
    .join('\n');
}
