import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { RivuletError, type TokenizerDefinition } from '../../../src/index.ts';
import { readText } from '../files.ts';
import { count } from '../table.ts';
import { replacementsFor } from './replacements.ts';

/** A text as a training record names it. */
export interface TextRecord {
  /** The name without folders. */
  readonly file: string;
  /** Unicode code points. */
  readonly characters: number;
  /** Of the text as UTF-8. */
  readonly sha256: string;
}

export interface NamedText {
  readonly text: string;
  readonly record: TextRecord;
}

/** @throws RivuletError `invalid-file` where it cannot be read or is not UTF-8, `invalid-argument` where it is empty */
export async function openText(path: string): Promise<NamedText> {
  const text = await readText(path);
  if (text === '') throw new RivuletError('invalid-argument', `${path} is empty: give a text to learn from`);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { text, record: { file: basename(path), characters: [...text].length, sha256 } };
}

/** The different characters of a text in the order of their code points, and what is read as one of them. */
export function tokenizerOf(text: string): TokenizerDefinition {
  const vocabulary = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  return { type: 'characters', vocabulary, replacements: replacementsFor(vocabulary) };
}

export interface FittedText {
  /** What the tokenizer can read. */
  readonly text: string;
  /** What was replaced or left out, in a sentence; empty where nothing was. */
  readonly note: string;
}

/**
 * Counts the characters outside the vocabulary: those with a replacement are read so, others are refused, or left out
 * with `skipUnknown`.
 *
 * @throws RivuletError `unknown-character`, with all of them
 */
export function fitText(
  { text, record }: NamedText,
  { vocabulary, replacements = {} }: TokenizerDefinition,
  skipUnknown: boolean,
): FittedText {
  const known = new Set(vocabulary);
  const replaced = new Map<string, number>();
  const unknown = new Map<string, number>();
  for (const character of text) {
    if (known.has(character)) continue;
    const counts = Object.hasOwn(replacements, character) ? replaced : unknown;
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  if (unknown.size > 0 && !skipUnknown) {
    throw new RivuletError(
      'unknown-character',
      `${record.file} has characters that the model does not know: ${list(unknown)}; ` +
        'replace them in the text, or leave them out with --skip-unknown',
    );
  }
  const notes = [
    ...(replaced.size > 0 ? [`read as others: ${list(replaced)}`] : []),
    ...(unknown.size > 0 ? [`left out: ${list(unknown)}`] : []),
  ];
  return {
    text: unknown.size > 0 ? [...text].filter((character) => !unknown.has(character)).join('') : text,
    note: notes.length > 0 ? `${record.file}: ${notes.join('; ')}` : '',
  };
}

/** So many kinds say what kind of text it is. */
const LISTED = 8;

/** `1,204 characters (“ 600 ×, ” 600 ×, U+00A0 4 ×)`, the most frequent first. */
function list(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const total = sorted.reduce((sum, [, times]) => sum + times, 0);
  const shown = sorted
    .slice(0, LISTED)
    .map(([character, times]) => `${visible(character)} ${count(times)} ×`);
  const rest = sorted.length > LISTED ? `, and ${sorted.length - LISTED} more` : '';
  return `${count(total)} ${total === 1 ? 'character' : 'characters'} (${shown.join(', ')}${rest})`;
}

/** As itself, or by code point where it could not be seen. */
function visible(character: string): string {
  if (!/[\s\p{C}\p{Z}]/u.test(character)) return character;
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
