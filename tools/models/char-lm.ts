/**
 * Makes models/char-lm out of what tools/train/char_lm.py gives. Run from the root of the repository:
 *
 *     node tools/build/run.mjs tools/models/char-lm.ts import STATE_DICT --log LOG --train TRAIN
 *     node tools/build/run.mjs tools/models/char-lm.ts describe
 *
 * `import` writes model.safetensors and model.int8.safetensors; `describe` writes golden.json and the card (README.md)
 * from these two files and validation.txt, and measures every number anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  createRuntime,
  importPyTorch,
  loadModel,
  type Model,
  quantize,
  type TokenizerDefinition,
} from '../../src/index.ts';
import { card } from './char-lm/card.ts';
import {
  type GoldenFile,
  measureFile,
  PASSAGE_CHARACTERS,
  PROMPT,
  SAMPLE_CHARACTERS,
  SAMPLED,
  sample,
} from './char-lm/measure.ts';
import {
  COMMAND,
  DATA,
  describeText,
  readLog,
  SEED,
  SOFTWARE,
  type TrainingRecord,
} from './char-lm/record.ts';
import { replacementsFor } from './char-lm/replacements.ts';

const FOLDER = 'models/char-lm';
const FLOAT32 = `${FOLDER}/model.safetensors`;
const INT8 = `${FOLDER}/model.int8.safetensors`;
const VALIDATION = `${FOLDER}/validation.txt`;

/** How far the loss measured here may lie from the one that the training printed, which has four digits. */
const LOSS_TOLERANCE = 2e-4;

async function importStateDict(stateDict: string, log: string, train: string): Promise<void> {
  const record: TrainingRecord = {
    data: DATA,
    train: describeText(readFileSync(train, 'utf8')),
    validation: describeText(readFileSync(VALIDATION, 'utf8')),
    command: COMMAND,
    seed: SEED,
    software: SOFTWARE,
    epochs: readLog(readFileSync(log, 'utf8')),
  };
  const vocabulary = JSON.parse(readFileSync(`${stateDict}.vocabulary.json`, 'utf8')) as string[];
  const tokenizer: TokenizerDefinition = {
    type: 'characters',
    vocabulary,
    replacements: replacementsFor(vocabulary),
  };
  const metadata = { training: JSON.stringify(record) };
  const runtime = await createRuntime();
  const model = await loadModel(importPyTorch(readFileSync(stateDict), { tokenizer, metadata }), { runtime });
  writeFileSync(FLOAT32, model.toBytes());
  writeFileSync(INT8, quantize(model, { weights: 'int8' }).model.toBytes());
}

async function describe(): Promise<void> {
  const validation = readFileSync(VALIDATION, 'utf8');
  const runtime = await createRuntime();
  const measure = async (path: string): Promise<{ model: Model; measured: GoldenFile }> => {
    const bytes = readFileSync(path);
    const model = await loadModel(bytes, { runtime });
    return { model, measured: measureFile(model, bytes, validation) };
  };
  const { model, measured: float32 } = await measure(FLOAT32);
  const { model: int8Model, measured: int8 } = await measure(INT8);
  const record = JSON.parse(model.metadata.training!) as TrainingRecord;
  requireSameTraining(record, float32, validation);
  const golden = {
    prompt: PROMPT,
    characters: SAMPLE_CHARACTERS,
    SAMPLED,
    passage: PASSAGE_CHARACTERS,
    models: { 'model.safetensors': float32, 'model.int8.safetensors': int8 },
  };
  writeFileSync(`${FOLDER}/golden.json`, `${JSON.stringify(golden, null, 2)}\n`);
  const likeliest = sample(int8Model, { temperature: 0 });
  const sampled = sample(int8Model, SAMPLED);
  writeFileSync(`${FOLDER}/README.md`, card({ record, float32, int8, likeliest, sampled, model }));
  console.log(`float32 ${float32.loss} nats/char, ${float32.bytes} bytes`);
  console.log(`int8    ${int8.loss} nats/char, ${int8.bytes} bytes`);
}

/** A card must not mix the weights of one training with the log or the text of another. */
function requireSameTraining(record: TrainingRecord, { loss }: GoldenFile, validation: string): void {
  const { sha256 } = describeText(validation);
  if (record.validation.sha256 !== sha256) {
    throw new Error(
      `validation.txt has SHA-256 ${sha256}, the model was imported with ${record.validation.sha256}`,
    );
  }
  const printed = record.epochs.at(-1)!.validation;
  if (Math.abs(printed - loss) > LOSS_TOLERANCE) {
    throw new Error(
      `the loss is ${loss}, and the training's log ends at ${printed}: these are other weights`,
    );
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { log: { type: 'string' }, train: { type: 'string' } },
});
const [command, stateDict] = positionals;
if (
  command === 'import' &&
  stateDict !== undefined &&
  values.log !== undefined &&
  values.train !== undefined
) {
  await importStateDict(stateDict, values.log, values.train);
} else if (command === 'describe') {
  await describe();
} else {
  console.error('usage: char-lm.ts import STATE_DICT --log LOG --train TRAIN | char-lm.ts describe');
  process.exitCode = 2;
}
