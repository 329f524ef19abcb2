/**
 * Trains models/char-lm from nothing by the recipe char-lm.json, and writes its files, curve and card. Run from the root
 * of the repository, after `npm ci && npm run text` in tools/train:
 *
 *     node tools/build/run.mjs tools/train/char-lm.ts [--resume]
 *     node tools/build/run.mjs tools/train/char-lm.ts --compare FILE [--resume]
 *
 * `--compare` trains by the same recipe on nine tenths of another text, and puts the loss on the last tenth into the card.
 * The training goes on in build/char-lm: Ctrl-C leaves a checkpoint there, `--resume` takes it up, and `--write` makes the
 * files of a training that has finished.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createRuntime, loadModel, quantize } from '../../src/index.ts';
import { describeFailure, exitCodeOf } from '../cli/failure.ts';
import { Output } from '../cli/output.ts';
import { lossChart } from '../cli/training/charts.ts';
import { type LogLines, readLog } from '../cli/training/log.ts';
import { type TrainingRecord, trainRecipe } from '../cli/training/train-recipe.ts';
import { describeCharLm } from '../models/char-lm/describe.ts';
import { CURVE, FLOAT32, INT8, TIMES } from '../models/char-lm/files.ts';
import type { TrainingTimes } from '../models/char-lm/record.ts';
import { chart } from '../plot/chart.ts';

const RECIPE = 'tools/train/char-lm.json';
const FOLDER = 'build/char-lm';
const COMPARED_FRACTION = 0.1;

function pathsOf(name: string): { output: string; log: string; checkpoint: string; report: string } {
  const output = `${FOLDER}/${name}.safetensors`;
  return { output, log: `${output}.jsonl`, checkpoint: `${output}.checkpoint`, report: `${output}.html` };
}

/** @returns whether it finished; if not, the exit code is set */
async function train(
  name: string,
  resume: boolean,
  other: { data?: string; validation?: number },
): Promise<boolean> {
  mkdirSync(FOLDER, { recursive: true });
  const options = { resume, build: 'auto', checkpointEvery: 100, skipUnknown: false } as const;
  const { finished, exitCode } = await trainRecipe(
    RECIPE,
    { ...pathsOf(name), ...options, ...other },
    new Output(),
  );
  process.exitCode = exitCode;
  return finished;
}

async function writeFiles(name: string): Promise<void> {
  const { output, log } = pathsOf(name);
  const bytes = readFileSync(output);
  const model = await loadModel(bytes);
  writeFileSync(FLOAT32, bytes);
  writeFileSync(INT8, quantize(model, { weights: 'int8' }).model.toBytes());
  const lines = readLog(log);
  writeFileSync(CURVE, chart(lossChart(lines, 'models/char-lm on Moby-Dick')));
  await writeTimes({ software: await software(), seconds: secondsOf(lines) });
}

async function writeComparison(name: string): Promise<void> {
  const { output, log } = pathsOf(name);
  const { layers, metadata } = await loadModel(readFileSync(output));
  const { data, epochs } = JSON.parse(metadata.training!) as TrainingRecord;
  await writeTimes({
    comparison: {
      data,
      validation: COMPARED_FRACTION,
      epochs: epochs.length,
      parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
      loss: epochs.at(-1)!.validation!,
      seconds: secondsOf(readLog(log)),
    },
  });
}

async function writeTimes(times: Partial<TrainingTimes>): Promise<void> {
  const all = { ...readTimes(), ...times };
  writeFileSync(TIMES, `${JSON.stringify(all, null, 2)}\n`);
}

function readTimes(): Partial<TrainingTimes> {
  try {
    return JSON.parse(readFileSync(TIMES, 'utf8')) as TrainingTimes;
  } catch {
    return {}; // of the first training
  }
}

function secondsOf({ epochs }: LogLines): number {
  return Math.round(epochs.at(-1)!.seconds);
}

async function software(): Promise<string> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const { build } = await createRuntime({ module: 'train' });
  return `Rivulet ${version}, train.${build}.wasm, Node ${process.version}, ${cpus()[0]!.model.trim()}`;
}

const { resume, write, compare } = parseArgs({
  options: {
    resume: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    compare: { type: 'string' },
  },
}).values;
const name = compare === undefined ? 'model' : 'comparison';
const other = compare === undefined ? {} : { data: compare, validation: COMPARED_FRACTION };
try {
  if (write || (await train(name, resume, other))) {
    await (compare === undefined ? writeFiles(name) : writeComparison(name));
    await describeCharLm();
  }
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
