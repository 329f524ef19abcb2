import type { Model } from '../../../src/index.ts';
import type { TextRecord } from '../../cli/training/text.ts';
import type { TrainingRecord } from '../../cli/training/train-recipe.ts';
import { type GoldenFile, PROMPT, SAMPLE_CHARACTERS, SAMPLED } from './measure.ts';
import { type Comparison, DATA, type TrainingTimes } from './record.ts';

export interface CardFacts {
  readonly record: TrainingRecord;
  readonly times: TrainingTimes;
  readonly float32: GoldenFile;
  readonly int8: GoldenFile;
  /** Of the int8 file, which the package holds: at temperature 0, and sampled. */
  readonly likeliest: string;
  readonly sampled: string;
  readonly model: Model;
}

/** The model card. Every number in it is measured or read from the files. */
export function card(facts: CardFacts): string {
  return `# char-lm

A character language model in Melville's manner: it reads text one character at a time and gives the logits of the next
one. Made by \`tools/train/char-lm.ts\`; do not edit.

${files(facts)}

${architecture(facts.model)}

${data(facts.record)}

${training(facts.record, facts.times)}

${characters(facts.model)}

## Samples

${SAMPLE_CHARACTERS} characters of \`model.int8.safetensors\` after \`${PROMPT}\` at temperature 0, the most likely character each
time, where a model of this size runs in a circle:

\`\`\`text
${PROMPT}${facts.likeliest}
\`\`\`

At temperature ${SAMPLED.temperature}, seed ${SAMPLED.seed}:

\`\`\`text
${PROMPT}${facts.sampled}
\`\`\`
`;
}

function files({ float32, int8 }: CardFacts): string {
  const row = (name: string, { bytes, loss, file }: GoldenFile) =>
    `| \`${name}\` | ${bytes.toLocaleString('en-US')} | ${loss.toFixed(4)} | ${(loss / Math.LN2).toFixed(4)} | \`${file}\` |`;
  return `| file | bytes | nats/char | bits/char | SHA-256 |
|---|---:|---:|---:|---|
${row('model.safetensors', float32)}
${row('model.int8.safetensors', int8)}

Losses on \`validation.txt\`, one stream from the zero state, as \`rivulet evaluate\` prints them; int8 is
${(int8.loss - float32.loss).toFixed(4)} nats/char above float32 at ${((100 * int8.bytes) / float32.bytes).toFixed(1)} % of its bytes.
\`golden.json\` holds these numbers and SHA-256 of text and logits, which are the same on every engine.

Licence: the weights MIT; the text of Moby-Dick is in the public domain, the package that brings it is Apache-2.0.`;
}

function architecture({ layers }: Model): string {
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const rows = layers.map(({ name, type, size, parameters }) => {
    return `| ${name} | ${type} | ${size} | ${parameters.toLocaleString('en-US')} |`;
  });
  return `## Architecture

| node | type | size | parameters |
|---|---|---:|---:|
${rows.join('\n')}
| | | | ${parameters.toLocaleString('en-US')} |

In the int8 file the matrices of the LSTM and of the head are int8 with a scale per row; embedding and biases stay
float32.`;
}

function data({ data, validation }: TrainingRecord): string {
  const row = ({ file, characters, sha256 }: TextRecord) =>
    `| ${file} | ${characters.toLocaleString('en-US')} | \`${sha256}\` |`;
  return `## Data

Herman Melville, *Moby-Dick; or, The Whale*, from \`${DATA}\` (npm): all chapters
joined by blank lines, the first 90 % of the characters for training, the last 10 % for validation.

| text | characters | SHA-256 |
|---|---:|---|
${row(data)}
${row(validation as TextRecord)}`;
}

function training({ recipe, epochs, updates }: TrainingRecord, times: TrainingTimes): string {
  const rows = epochs.map(
    ({ epoch, loss, validation }) => `| ${epoch} | ${loss.toFixed(4)} | ${validation!.toFixed(4)} |`,
  );
  return `## Training

From nothing, in WebAssembly, by truncated backpropagation through time:

\`\`\`sh
npm ci && npm run build
cd tools/train && npm ci && npm run text && cd ../..
node tools/build/run.mjs tools/train/char-lm.ts        # --resume goes on after Ctrl-C
\`\`\`

${updates.toLocaleString('en-US')} updates in ${minutes(times.seconds)} minutes on one core (${times.software}). The recipe, \`tools/train/char-lm.json\`,
gives \`model.safetensors\` to the bit, on every engine and also where it was interrupted:

\`\`\`json
${compactJson(recipe)}
\`\`\`

![Training and validation loss over the updates](curve.svg)

Losses in nats per character; the training loss is of each window before its update, with dropout, the validation loss
of the whole text after the epoch, without:

| epoch | training | validation |
|---:|---:|---:|
${rows.join('\n')}${times.comparison ? `\n\n${comparison(times.comparison)}` : ''}`;
}

function comparison({ data, validation, epochs, parameters, loss, seconds }: Comparison): string {
  return `For comparison with the literature, the same recipe on ${data.file} (${data.characters.toLocaleString('en-US')} characters, SHA-256
\`${data.sha256}\`), the last ${100 * validation} % for validation:
**${loss.toFixed(4)}** nats/char after ${epochs} epochs, ${minutes(seconds)} minutes, ${parameters.toLocaleString('en-US')} parameters
(\`tools/train/char-lm.ts --compare FILE\`).`;
}

/** With the innermost objects on a line each. */
function compactJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/\{[^{}]*\}/g, (object) => object.replace(/\s+/g, ' '));
}

function minutes(seconds: number): number {
  return Math.round(seconds / 60);
}

function characters({ definition }: Model): string {
  const { vocabulary, replacements = {} } = definition.tokenizer!;
  const bySame = new Map<string, string[]>();
  for (const [character, text] of Object.entries(replacements)) {
    bySame.set(text, [...(bySame.get(text) ?? []), character]);
  }
  const rows = [...bySame].map(([text, from]) => `| ${from.map(visible).join(' ')} | ${visible(text)} |`);
  return `## Characters

The vocabulary is the ${vocabulary.length} different characters of the training text. Others are read as these, and what is in neither
list is refused (\`unknown-character\`):

| character | read as |
|---|---|
${rows.join('\n')}`;
}

/** As itself in code quotes, or by code point where it could not be seen. */
function visible(text: string): string {
  if (text === '') return 'nothing';
  const isPlain = !/[\s\p{C}\p{Z}`]/u.test(text);
  if (isPlain) return `\`${text}\``;
  const codes = [...text].map((c) => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);
  return codes.join(' ');
}
