import { readFileSync, writeFileSync } from 'node:fs';
import { createRuntime, loadModel, type Model } from '../../../src/index.ts';
import type { TextRecord } from '../../cli/training/text.ts';
import type { TrainingRecord } from '../../cli/training/train-recipe.ts';
import { card } from './card.ts';
import { FLOAT32, FOLDER, INT8, TIMES, VALIDATION } from './files.ts';
import {
  type GoldenFile,
  measureFile,
  PASSAGE_CHARACTERS,
  PROMPT,
  SAMPLE_CHARACTERS,
  SAMPLED,
  sample,
} from './measure.ts';
import { sha256, type TrainingTimes } from './record.ts';

/** Measures both files of the model and writes golden.json and the card. */
export async function describeCharLm(): Promise<void> {
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
  const times = JSON.parse(readFileSync(TIMES, 'utf8')) as TrainingTimes;
  const likeliest = sample(int8Model, { temperature: 0 });
  const sampled = sample(int8Model, SAMPLED);
  writeFileSync(`${FOLDER}/README.md`, card({ record, times, float32, int8, likeliest, sampled, model }));
  console.log(`float32 ${float32.loss} nats/char, ${float32.bytes} bytes`);
  console.log(`int8    ${int8.loss} nats/char, ${int8.bytes} bytes`);
}

/** A card must not mix the weights of one training with the losses or the text of another. */
function requireSameTraining(record: TrainingRecord, { loss }: GoldenFile, validation: string): void {
  const expected = (record.validation as TextRecord).sha256;
  if (expected !== sha256(validation)) {
    throw new Error(
      `validation.txt has SHA-256 ${sha256(validation)}, the model was trained beside ${expected}`,
    );
  }
  const last = record.epochs.at(-1)!.validation;
  // The trainer's loss is the session's, to the bit.
  if (last !== loss) throw new Error(`the loss is ${loss}, and the training ended at ${last}: other weights`);
}
