import { RivuletError, show } from '../errors.ts';
import type { TokenizerDefinition } from '../graph/definition.ts';
import { readFields } from '../graph/fields.ts';
import { MAX_SIZE } from '../graph/limits.ts';

export interface Tokenizer {
  /** The number of tokens. */
  readonly size: number;
  /**
   * One token a character (Unicode code point), or those of its replacement. The text is not normalised.
   *
   * @throws RivuletError `unknown-character`
   */
  encode(text: string): Uint32Array;
  /** @throws RivuletError `token-out-of-range` */
  decode(tokens: Iterable<number>): string;
  /** @throws RivuletError `token-out-of-range` */
  decodeOne(token: number): string;
}

/**
 * The structure and the contents of a tokenizer out of untrusted JSON (parsed): 1 to 65536 different
 * characters, and replacements of characters outside the vocabulary by strings of characters in it (of any
 * length, also none).
 *
 * @throws RivuletError `invalid-tokenizer`
 */
export function parseTokenizer(json: unknown): TokenizerDefinition {
  const definition = readFields(
    json,
    'tokenizer',
    'invalid-tokenizer',
    (fields): TokenizerDefinition => ({
      type: fields.oneOf('type', ['characters']),
      vocabulary: fields.strings('vocabulary'),
      ...(fields.has('replacements') && { replacements: fields.stringRecord('replacements') }),
    }),
  );
  const vocabulary = indexVocabulary(definition.vocabulary);
  checkReplacements(definition.replacements ?? {}, vocabulary);
  return definition;
}

/** @throws RivuletError `invalid-tokenizer` */
export function createTokenizer(definition: TokenizerDefinition): Tokenizer {
  const { vocabulary, replacements = {} } = parseTokenizer(definition);
  const tokenOf = indexVocabulary(vocabulary);
  const tokensOf = new Map<string, readonly number[]>();
  for (const [character, token] of tokenOf) tokensOf.set(character, [token]);
  for (const [character, text] of Object.entries(replacements)) {
    tokensOf.set(
      character,
      Array.from(text, (part) => tokenOf.get(part)!),
    );
  }
  const decodeOne = (token: number): string => {
    const character = vocabulary[token];
    if (character !== undefined) return character;
    throw new RivuletError(
      'token-out-of-range',
      `a token must be an integer from 0 to ${vocabulary.length - 1}, got ${show(token)}`,
    );
  };
  return {
    size: vocabulary.length,
    encode: (text) => encode(text, tokensOf),
    decode: (tokens) => Array.from(tokens, decodeOne).join(''),
    decodeOne,
  };
}

function encode(text: string, tokensOf: ReadonlyMap<string, readonly number[]>): Uint32Array {
  if (typeof text !== 'string') {
    throw new RivuletError('invalid-argument', `text must be a string, got ${show(text)}`);
  }
  const tokens: number[] = [];
  let position = 0;
  for (const character of text) {
    const replaced = tokensOf.get(character);
    if (replaced === undefined) {
      throw new RivuletError(
        'unknown-character',
        `the model does not know the character ${show(character)} (${codePoint(character)}) ` +
          `at position ${position} of the text, counted in characters from 0; remove it, or name a replacement in the tokenizer`,
      );
    }
    for (const token of replaced) tokens.push(token);
    position++;
  }
  return Uint32Array.from(tokens);
}

function indexVocabulary(vocabulary: readonly string[]): ReadonlyMap<string, number> {
  if (vocabulary.length < 1 || vocabulary.length > MAX_SIZE) {
    throw invalid(`vocabulary must have 1 to ${MAX_SIZE} characters, got ${vocabulary.length}`);
  }
  const index = new Map<string, number>();
  vocabulary.forEach((character, token) => {
    if (!isCharacter(character)) {
      throw invalid(
        `vocabulary[${token}] must be one character (a Unicode code point), got ${show(character)}`,
      );
    }
    const first = index.get(character);
    if (first !== undefined) {
      throw invalid(
        `vocabulary[${first}] and [${token}] are both ${show(character)} (${codePoint(character)})`,
      );
    }
    index.set(character, token);
  });
  return index;
}

function checkReplacements(
  replacements: Readonly<Record<string, string>>,
  vocabulary: ReadonlyMap<string, number>,
): void {
  for (const [character, text] of Object.entries(replacements)) {
    if (!isCharacter(character)) {
      throw invalid(`a replacement is of one character (a Unicode code point), got ${show(character)}`);
    }
    if (vocabulary.has(character)) {
      throw invalid(
        `${show(character)} (${codePoint(character)}) is in the vocabulary and has a replacement`,
      );
    }
    const unknown = Array.from(text).find((part) => !vocabulary.has(part));
    if (unknown !== undefined) {
      throw invalid(
        `${show(character)} is replaced by ${show(text)}, ` +
          `but ${show(unknown)} (${codePoint(unknown)}) is not in the vocabulary`,
      );
    }
  }
}

/** One code point; half of a surrogate pair is no character. */
function isCharacter(text: string): boolean {
  return Array.from(text).length === 1 && !/^\p{Surrogate}$/u.test(text);
}

function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

function invalid(message: string): RivuletError {
  return new RivuletError('invalid-tokenizer', `tokenizer: ${message}`);
}
