/**
 * Trains models/ett from random weights, and writes its files and card. Run from the root of the repository, with the data
 * where RIVULET_SHARED says:
 *
 *     node tools/build/run.mjs tools/train/ett.ts --choose     # all candidates, on the validation part: choices.json
 *     node tools/build/run.mjs tools/train/ett.ts              # the best of them, on the test part
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { serializeModel } from '../../src/formats/model-file.ts';
import { createRuntime, loadModelSync, type Model, quantize, type Runtime } from '../../src/index.ts';
import { describeFailure, exitCodeOf } from '../cli/failure.ts';
import { card, type HorizonFacts } from '../models/ett/card.ts';
import { CARD, CHOICES, FOLDER, modelOf, PLOT } from '../models/ett/files.ts';
import { measure, repeatLast, repeatYesterday, streamed } from '../models/ett/forecasts.ts';
import { fitLinear } from '../models/ett/linear.ts';
import { plot } from '../models/ett/plot.ts';
import { type Ett, ettFile, HORIZONS, readEtt, windowsOf } from './ett/data.ts';
import { best, CANDIDATES, type Choices, LINEAR_CANDIDATES, type Recipe } from './ett/recipe.ts';
import { type EpochLoss, train } from './ett/train.ts';

async function choose(file: string, runtime: Runtime): Promise<void> {
  const networks: Choices['networks'][number][] = [];
  const linear: Choices['linear'][number][] = [];
  for (const horizon of HORIZONS) {
    const ett = await readEtt(file, horizon);
    const windows = windowsOf('validation', horizon);
    const report = (candidate: object, validation: number) =>
      console.log(`${JSON.stringify(candidate)} ${validation.toFixed(5)}`);
    for (const candidate of LINEAR_CANDIDATES.filter((one) => one.horizon === horizon)) {
      const { mse: validation } = measure(ett, fitLinear(ett, candidate), windows);
      linear.push({ ...candidate, validation });
      report(candidate, validation);
    }
    for (const candidate of CANDIDATES.filter((one) => one.horizon === horizon)) {
      const bytes = serializeModel(train(candidate, ett, runtime, () => {}));
      using model = loadModelSync(bytes, { runtime });
      const validation = validate(ett, model);
      networks.push({ ...candidate, validation });
      report(candidate, validation);
    }
  }
  const lines = (list: readonly object[]) =>
    `[\n    ${list.map((one) => JSON.stringify(one)).join(',\n    ')}\n  ]`;
  writeFileSync(CHOICES, `{\n  "networks": ${lines(networks)},\n  "linear": ${lines(linear)}\n}\n`);
}

async function finish(file: string, runtime: Runtime): Promise<void> {
  const choices = JSON.parse(readFileSync(CHOICES, 'utf8')) as Choices;
  const facts: HorizonFacts[] = [];
  for (const horizon of HORIZONS) {
    const { validation, ...recipe } = best(choices.networks, horizon);
    const linear = best(choices.linear, horizon);
    const ett = await readEtt(file, horizon);
    const trained = trainWithTime(recipe, ett, runtime);
    writeFileSync(modelOf(horizon), trained.bytes);
    const windows = windowsOf('test', horizon);
    const model = loadModelSync(trained.bytes, { runtime });
    checkChoice(validation, validate(ett, model));
    const int8 = quantize(model, { weights: 'int8' }).model;
    const forecasts = {
      'repeat the last value': repeatLast(ett),
      'repeat yesterday': repeatYesterday(ett),
      'linear model': fitLinear(ett, linear),
      float32: streamed(ett, model, windows),
      int8: streamed(ett, int8, windows),
    };
    const errors = Object.entries(forecasts).map(([name, forecast]) => ({
      name,
      ...measure(ett, forecast, windows),
    }));
    for (const { name, mse } of errors) console.log(`${horizon} ahead, ${name}: ${mse.toFixed(5)}`);
    facts.push({
      ...trained,
      recipe,
      validation,
      linear,
      layers: model.layers,
      int8Bytes: int8.toBytes().length,
      errors,
      ett,
      forecasts,
    });
  }
  writeFileSync(PLOT, plot(facts));
  writeFileSync(CARD, card(facts, choices, software(runtime)));
}

/** The model that is tested is the one that was chosen, to the bit. */
function checkChoice(chosen: number, validation: number): void {
  if (validation === chosen) return;
  throw new Error(
    `on the validation part the model has ${validation}, and ${chosen} when it was chosen: run --choose again`,
  );
}

/** The larger error of float32 and int8 on the validation part. */
function validate(ett: Ett, model: Model): number {
  const windows = windowsOf('validation', ett.horizon);
  using int8 = quantize(model, { weights: 'int8' }).model;
  return Math.max(...[model, int8].map((one) => measure(ett, streamed(ett, one, windows), windows).mse));
}

function trainWithTime(
  recipe: Recipe,
  ett: Ett,
  runtime: Runtime,
): { bytes: Uint8Array; losses: readonly EpochLoss[]; seconds: number } {
  const losses: EpochLoss[] = [];
  const started = process.cpuUsage();
  const definition = train(recipe, ett, runtime, (epoch) => losses.push(epoch));
  const { user, system } = process.cpuUsage(started);
  return { bytes: serializeModel(definition), losses, seconds: (user + system) / 1e6 };
}

function software({ build }: Runtime): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return `Rivulet ${version}, train.${build}.wasm, Node ${process.version}, ${cpus()[0]!.model.trim()}`;
}

try {
  const file = ettFile();
  if (file === undefined) throw new Error('RIVULET_SHARED must name the folder with data/ett/ETTh1.csv');
  mkdirSync(FOLDER, { recursive: true });
  const runtime = await createRuntime({ module: 'train' });
  await (process.argv.includes('--choose') ? choose(file, runtime) : finish(file, runtime));
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
