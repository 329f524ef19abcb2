import type { Model } from '../../../src/index.ts';
import { type GoldenFile, PROMPT, SAMPLE_CHARACTERS, SAMPLED } from './measure.ts';
import type { TrainingRecord } from './record.ts';

export interface CardFacts {
  readonly record: TrainingRecord;
  readonly float32: GoldenFile;
  readonly int8: GoldenFile;
  /** Of the int8 file, which the package holds: at temperature 0, and sampled. */
  readonly likeliest: string;
  readonly sampled: string;
  readonly model: Model;
}

/** The model card. Every number in it is measured or read from the files and the training's log. */
export function card(facts: CardFacts): string {
  return `# char-lm

A character language model in Melville's manner: it reads text one character at a time and gives the logits of the next
one. Made by \`tools/models/char-lm.ts\`; do not edit.

${files(facts)}

${architecture(facts.model)}

${data(facts.record)}

${training(facts.record)}

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

function data({ data, train, validation }: TrainingRecord): string {
  const row = (name: string, { characters, sha256 }: TrainingRecord['train']) =>
    `| ${name} | ${characters.toLocaleString('en-US')} | \`${sha256}\` |`;
  return `## Data

Herman Melville, *Moby-Dick; or, The Whale*, from \`${data}\` (npm): all chapters
joined by blank lines, the first 90 % of the characters for training, the last 10 % for validation.

| text | characters | SHA-256 |
|---|---:|---|
${row('train.txt', train)}
${row('validation.txt', validation)}`;
}

function training({ command, seed, software, epochs }: TrainingRecord): string {
  const minutes = Math.round(epochs.at(-1)!.seconds / 60);
  const rows = epochs.map(
    ({ epoch, loss, validation }) => `| ${epoch} | ${loss.toFixed(4)} | ${validation.toFixed(4)} |`,
  );
  return `## Training

\`\`\`sh
cd tools/train && npm ci
node moby-dick.mjs train.txt validation.txt
${command}
cd ../..
node tools/build/run.mjs tools/models/char-lm.ts import tools/train/char-lm.pytorch.safetensors \\
  --log LOG --train tools/train/train.txt        # LOG: what char_lm.py printed
node tools/build/run.mjs tools/models/char-lm.ts describe
\`\`\`

Adam at 4e-3 with cosine decay to 0, batch 32, truncated BPTT over 96 characters with the state carried on, dropout 0.1
around the LSTM, gradients clipped at norm 1, seed ${seed}: ${epochs.length} epochs in ${minutes} minutes (${software}).
Losses as the training printed them, in nats per character, the training loss with dropout:

| epoch | training | validation |
|---:|---:|---:|
${rows.join('\n')}`;
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
