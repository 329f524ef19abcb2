import { createHash } from 'node:crypto';
import type { Layer } from '../../../src/index.ts';
import type { Recipe } from '../../train/digits/recipe.ts';
import { END, MAX_LENGTH, START, solve, type Task } from '../../train/digits/strings.ts';
import { exactMatch, type LengthScore } from './measure.ts';

export interface CardFacts {
  readonly recipe: Recipe;
  /** The file. */
  readonly bytes: Uint8Array;
  readonly layers: readonly Layer[];
  readonly scores: readonly LengthScore[];
  /** Of the model quantized, which is not kept: its file's bytes and its scores. */
  readonly int8: { readonly bytes: number; readonly scores: readonly LengthScore[] };
  /** Mean loss in nats per token of the updates up to each, and since the one before. */
  readonly losses: readonly { readonly updates: number; readonly loss: number }[];
  /** Processor time of the training, of all threads. */
  readonly seconds: number;
  /** Version of Rivulet, build, Node, processor. */
  readonly software: string;
}

const DOES: Readonly<Record<Task, string>> = {
  reverse: 'Reverses strings of digits',
  sort: 'Sorts strings of digits',
};

const EXAMPLE = [4, 0, 7, 1, 7];

/** The model card. Every number in it is measured or read from the file. */
export function card(facts: CardFacts): string {
  const { task } = facts.recipe;
  return `# ${task}-digits

${DOES[task]}, 1 to ${MAX_LENGTH} of them: an encoder–decoder with attention. Made by \`tools/train/digits.ts\`; do not edit.

${files(facts)}

Licence: MIT.

## Use

The encoder reads the digits as the tokens 0 … 9. The decoder reads \`${START}\` first, then its own digits, and ends with \`${END}\`.

\`\`\`ts
const session = model.createSession();
session.encode(Uint32Array.of(${EXAMPLE.join(', ')}));
const { tokens } = decode(session, { start: ${START}, end: ${END}, maxLength: ${MAX_LENGTH} }); // ${solve(task, EXAMPLE).join(', ')}
\`\`\`

## Architecture

${architecture(facts.layers)}

The encoder goes both ways, its halves summed; the decoder begins with the state that the backward half ends with; the head
reads the decoder's output and what it looks at, the dot attention over the encoder's outputs.

## Data

Random strings of random length. The test set, the same for every seed of a training: 100 strings of each length, but no
more than a fifth of all that there are, 2 of length 1 and 20 of length 2. No training string is in it: one that is is drawn
again.

${training(facts)}

## Exact match by length

Strings of the test set of which every digit and the end are right, the most likely token each time:

| length | strings | exact | int8 |
|---:|---:|---:|---:|
${facts.scores.map(({ length, strings, exact }, i) => `| ${length} | ${strings} | ${exact} | ${facts.int8.scores[i]!.exact} |`).join('\n')}
`;
}

function files({ bytes, scores, int8 }: CardFacts): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return `| file | bytes | exact match | SHA-256 |
|---|---:|---:|---|
| \`model.safetensors\` | ${count(bytes.length)} | ${percent(scores)} | \`${sha256}\` |
| quantized to int8 | ${count(int8.bytes)} | ${percent(int8.scores)} | |`;
}

function architecture(layers: readonly Layer[]): string {
  const row = (name: string, type: string, size: number | string, parameters: number) =>
    `| ${name} | ${type} | ${size} | ${parameters === 0 ? '' : count(parameters)} |`;
  return `| node | type | size | parameters |
|---|---|---:|---:|
${layers.map(({ name, type, size, parameters }) => row(name, type, size, parameters)).join('\n')}
| | | | ${count(layers.reduce((sum, { parameters }) => sum + parameters, 0))} |`;
}

function training({ recipe, losses, seconds, software }: CardFacts): string {
  return `## Training

From random weights, in WebAssembly:

\`\`\`sh
npm ci && npm run build
node tools/build/run.mjs tools/train/digits.ts ${recipe.task}
\`\`\`

${count(recipe.updates)} updates, ${count(recipe.updates * recipe.batchSize)} strings, in ${Math.round(seconds)} s of processor time on one core (${software}).
The recipe gives \`model.safetensors\` to the bit, on every engine:

\`\`\`json
${JSON.stringify(recipe, null, 2)}
\`\`\`

| updates | loss, nats per token |
|---:|---:|
${losses.map(({ updates, loss }) => `| ${count(updates)} | ${loss.toFixed(5)} |`).join('\n')}`;
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function percent(scores: readonly LengthScore[]): string {
  return `${(100 * exactMatch(scores)).toFixed(2)} %`;
}
