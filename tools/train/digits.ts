/**
 * Trains models/reverse-digits and models/sort-digits from random weights, and writes their files and cards. Run from the
 * root of the repository:
 *
 *     node tools/build/run.mjs tools/train/digits.ts [reverse] [sort]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createRuntime, loadModelSync, quantize, type Runtime } from '../../src/index.ts';
import { describeFailure, exitCodeOf } from '../cli/failure.ts';
import { card } from '../models/digits/card.ts';
import { cardOf, folderOf, modelOf } from '../models/digits/files.ts';
import { exactMatch, measure } from '../models/digits/measure.ts';
import { RECIPES } from './digits/recipe.ts';
import { TASKS, type Task } from './digits/strings.ts';
import { train } from './digits/train.ts';

const REPORT_EVERY = 250;

async function trainTask(task: Task): Promise<void> {
  const runtime = await createRuntime({ module: 'train' });
  const recipe = RECIPES[task];
  const losses: { updates: number; loss: number }[] = [];
  let sum = 0;
  const started = process.cpuUsage();
  const bytes = train(recipe, runtime, ({ updates, loss }) => {
    sum += loss;
    if (updates % REPORT_EVERY !== 0) return;
    losses.push({ updates, loss: sum / REPORT_EVERY });
    console.log(`${task} ${updates} of ${recipe.updates} updates: ${(sum / REPORT_EVERY).toFixed(5)} nats`);
    sum = 0;
  });
  const { user, system } = process.cpuUsage(started);
  mkdirSync(folderOf(task), { recursive: true });
  writeFileSync(modelOf(task), bytes);
  const facts = { recipe, bytes, losses, seconds: (user + system) / 1e6, software: software(runtime) };
  writeFileSync(cardOf(task), card({ ...facts, ...measured(bytes, task, runtime) }));
}

function measured(bytes: Uint8Array, task: Task, runtime: Runtime) {
  const model = loadModelSync(bytes, { runtime });
  const small = quantize(model, { weights: 'int8' }).model;
  const scores = measure(model, task);
  const int8 = { bytes: small.toBytes().length, scores: measure(small, task) };
  console.log(`${task}: ${exactMatch(scores)} exact, int8 ${exactMatch(int8.scores)}`);
  return { layers: model.layers, scores, int8 };
}

function software({ build }: Runtime): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return `Rivulet ${version}, train.${build}.wasm, Node ${process.version}, ${cpus()[0]!.model.trim()}`;
}

try {
  const tasks = process.argv.slice(2);
  const unknown = tasks.find((task) => !TASKS.some((known) => known === task));
  if (unknown !== undefined) throw new Error(`no task is called ${unknown}: there are ${TASKS.join(', ')}`);
  for (const task of tasks.length > 0 ? (tasks as Task[]) : TASKS) await trainTask(task);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
