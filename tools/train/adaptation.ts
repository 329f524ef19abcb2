/**
 * Adapts models/char-lm to another text: all weights, some of them, adapters of several ranks, each with the learning rate
 * that serves it best; writes the table and the plot of loss against seconds and bytes. Run from the root of the repository
 * on a quiet core (8 minutes):
 *
 *     taskset -c 1 node tools/build/run.mjs tools/train/adaptation.ts TEXT
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename } from 'node:path';
import { createRuntime, loadModel } from '../../src/index.ts';
import { describeFailure, exitCodeOf } from '../cli/failure.ts';
import { fitText, openText } from '../cli/training/text.ts';
import { FLOAT32 } from '../models/char-lm/files.ts';
import { adapt, type Texts } from './adaptation/measure.ts';
import { MODES } from './adaptation/modes.ts';
import { page, plot } from './adaptation/page.ts';

const FOLDER = 'models/char-lm';
/** Characters at the end of the text that are validated on, and those before them on which rates are chosen. */
const VALIDATED = 40_000;
const CHOSEN_ON = 20_000;

async function run(path: string): Promise<void> {
  const runtime = await createRuntime({ module: 'train' });
  const model = await loadModel(readFileSync(FLOAT32), { runtime });
  const { text, note } = fitText(await openText(path), model.definition.tokenizer!, true);
  if (note !== '') console.log(note);
  const texts: Texts = {
    training: text.slice(0, -VALIDATED),
    choosing: text.slice(-VALIDATED - CHOSEN_ON, -VALIDATED),
    validation: text.slice(-VALIDATED),
  };
  const rows = [];
  for (const mode of MODES) {
    const row = adapt(runtime, model, mode, texts);
    console.log(JSON.stringify(row));
    rows.push(row);
  }
  const source = {
    file: basename(path),
    sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    validated: VALIDATED,
    chosenOn: CHOSEN_ON,
  };
  const machine = `${cpus()[0]!.model.trim()}, one core, Node ${process.version}`;
  writeFileSync(`${FOLDER}/adaptation.svg`, plot(rows));
  writeFileSync(`${FOLDER}/adaptation.md`, page(rows, source, machine));
}

try {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Error('name a text');
  await run(path);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
