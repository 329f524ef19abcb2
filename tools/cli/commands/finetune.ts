import { basename } from 'node:path';
import type { Command } from 'commander';
import { parseModelFile, serializeModel } from '../../../src/formats/model-file.ts';
import {
  createRuntime,
  generateText,
  loadModel,
  type ModelDefinition,
  RivuletError,
  type Runtime,
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
  type FineTuneOptions,
  readTexts,
  type Texts,
  withRecord,
} from '../training/fine-tune.ts';
import { fineTuneFor } from '../training/fine-tune-loop.ts';
import { Interruption } from '../training/interruption.ts';
import { Progress } from '../training/progress.ts';

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
  $ rivulet finetune model.safetensors --data speeches.txt --epochs 3 --validation held-out.txt`;

const SECONDS = 60;
const SAMPLE = { maxTokens: 300, temperature: 0.7, seed: 1 };

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
    .option('--seed <n>', 'of the order of the data and of dropout', parseNumber, 0)
    .option('--prompt <text>', 'what the samples go on from (default: a new line)')
    .option('--skip-unknown', 'leave out characters that the model does not know', false)
    .addOption(buildOption())
    .addHelpText('after', EXAMPLES)
    .action(finetune);
}

async function finetune(path: string, options: Options): Promise<void> {
  const target = options.output ?? `${basename(path).replace(/\.safetensors$/, '')}.finetuned.safetensors`;
  await refuseOverwriting([path, options.data, options.validation], [target]);
  const original = parseModelFile(await readBytes(path));
  const texts = await readTexts(original, options);
  const runtime = await createRuntime({ build: options.build, module: 'train' });
  const output = new Output();
  using training = createTraining(runtime, original, texts, options);
  await output.print(describe(training, texts));
  const before = training.validate();
  await output.print(
    `\nbefore: ${before.toFixed(4)} nats/char\n\n${await sample(runtime, original, options)}\n`,
  );

  const { updates, seconds, exitCode } = await train(training, options, output);
  const after = training.validate();
  const trained = training.definition();
  const requantized = requantizeModel(trained, original);
  const note = requantized === trained ? '' : ', in float32; the file is int8 again';
  const definition = withRecord(requantized, texts, training);
  const bytes = serializeModel(definition);
  await replaceFile(target, bytes);
  await output.print(
    `\nafter ${count(updates)} updates in ${seconds.toFixed(1)} s: ${after.toFixed(4)} nats/char, ` +
      `${(before - after).toFixed(4)} less${note}\n\n${await sample(runtime, definition, options)}\n\n` +
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
  { seconds: limit, epochs }: Options,
  output: Output,
): Promise<{ updates: number; seconds: number; exitCode: number }> {
  const seconds = limit ?? (epochs === undefined ? SECONDS : Infinity);
  const progress = new Progress(output, Math.min(seconds, training.updates), 0);
  const interruption = new Interruption();
  try {
    const time = await fineTuneFor(training, seconds, progress, interruption);
    return { updates: training.update, seconds: time, exitCode: interruption.exitCode ?? 0 };
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    throw new RivuletError(
      'diverged',
      `the training diverged at update ${error.update}: loss ${error.loss} at learning rate ${error.learningRate}. ` +
        'Lower --learning-rate or --clip-norm; no model was written',
      { cause: error },
    );
  } finally {
    progress.stop();
    interruption.stop();
  }
}

async function sample(runtime: Runtime, definition: ModelDefinition, options: Options): Promise<string> {
  const { vocabulary } = definition.tokenizer!;
  const prompt = options.prompt ?? (vocabulary.includes('\n') ? '\n' : vocabulary[0]!);
  const model = await loadModel(definition, { runtime });
  const text = [...generateText(model.createSession(), { ...SAMPLE, prompt })].join('');
  model.dispose();
  const lines = `${prompt}${text}`.trim().split('\n');
  return lines.map((line) => `    ${line}`.trimEnd()).join('\n');
}
