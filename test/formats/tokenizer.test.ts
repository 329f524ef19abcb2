import { describe, expect, it } from 'vitest';
import type { TokenizerDefinition } from '../../src/graph/definition.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { refusalText } from './refusals.ts';

const tokenizer = createTokenizer({
  type: 'characters',
  vocabulary: ['\n', 'a', 'é', '😀', '"', '-', '7'],
  replacements: { '“': '"', '—': '--', '\r': '', '8': '7' },
});

describe('a character tokenizer', () => {
  it('encodes by code point, in both directions', () => {
    expect(tokenizer.size).toBe(7);
    expect(tokenizer.encode('a😀é\n7')).toEqual(Uint32Array.of(1, 3, 2, 0, 6));
    expect(tokenizer.decode([1, 3, 2, 0, 6])).toBe('a😀é\n7');
    expect(tokenizer.decode(tokenizer.encode('"a-é"'))).toBe('"a-é"');
    expect(tokenizer.decodeOne(3)).toBe('😀');
    expect(tokenizer.encode('')).toEqual(new Uint32Array(0));
  });

  it('replaces a character by one, several or none', () => {
    expect(tokenizer.decode(tokenizer.encode('“a”'.replace('”', '“')))).toBe('"a"');
    expect(tokenizer.decode(tokenizer.encode('a—a'))).toBe('a--a');
    expect(tokenizer.decode(tokenizer.encode('a\r\n8'))).toBe('a\n7');
  });

  it('refuses an unknown character, naming it, its code point and its position', () => {
    const text = refusalText(() => tokenizer.encode('a😀\u0416a'));
    expect(text).toMatch(/^unknown-character: .*"Ж" \(U\+0416\) at position 2 of .*replacement/);
    expect(refusalText(() => tokenizer.encode('a🦀'))).toMatch(/"🦀" \(U\+1F980\) at position 1/);
    expect(refusalText(() => tokenizer.encode('e\u0301'))).toMatch(/"e" \(U\+0065\) at position 0/);
    expect(refusalText(() => tokenizer.encode('a\ud800'))).toMatch(/\(U\+D800\) at position 1/);
    expect(refusalText(() => tokenizer.encode(3 as unknown as string))).toMatch(
      /^invalid-argument: .* got 3/,
    );
  });

  it.each([-1, 7, 0.5, NaN, '1x', undefined])('refuses the token %s', (token) => {
    expect(refusalText(() => tokenizer.decodeOne(token as number))).toMatch(
      /^token-out-of-range: .* 0 to 6, got /,
    );
    expect(refusalText(() => tokenizer.decode([0, token as number]))).toMatch(/^token-out-of-range: /);
  });

  it('encodes a megabyte', () => {
    const text = 'a😀é\n'.repeat(200_000);
    expect(tokenizer.decode(tokenizer.encode(text)) === text).toBe(true);
  });

  it('knows the names of Object.prototype as any other', () => {
    const replacements = Object.fromEntries([['_', 'p']]);
    const small = createTokenizer({ type: 'characters', vocabulary: ['p'], replacements });
    expect(small.encode('_p')).toEqual(Uint32Array.of(0, 0));
    expect(refusalText(() => small.encode('constructor'))).toMatch(/^unknown-character: .*"c"/);
  });
});

describe('the definition of a tokenizer', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /expected an object, got nothing/],
    [
      'an unknown type',
      { type: 'words', vocabulary: ['a'] },
      /field "type" must be one of characters, got "words"/,
    ],
    ['no vocabulary', { type: 'characters' }, /field "vocabulary" must be an array/],
    ['an empty vocabulary', { type: 'characters', vocabulary: [] }, /1 to 65536 characters, got 0/],
    ['too many', { type: 'characters', vocabulary: Array.from({ length: 65537 }, () => 'a') }, /got 65537/],
    ['a number', { type: 'characters', vocabulary: ['a', 3] }, /"vocabulary\[1\]" must be a string, got 3/],
    [
      'an array with a hole',
      { type: 'characters', vocabulary: new Array(1) },
      /"vocabulary\[0\]" must be a string/,
    ],
    [
      'an empty entry',
      { type: 'characters', vocabulary: ['a', ''] },
      /vocabulary\[1\] must be one character .* got ""/,
    ],
    [
      'two code points',
      { type: 'characters', vocabulary: ['ab'] },
      /vocabulary\[0\] must be one character .* got "ab"/,
    ],
    [
      'half a surrogate pair',
      { type: 'characters', vocabulary: ['\ud83d'] },
      /vocabulary\[0\] must be one character/,
    ],
    [
      'a duplicate',
      { type: 'characters', vocabulary: ['a', 'b', 'a'] },
      /vocabulary\[0\] and \[2\] are both "a" \(U\+0061\)/,
    ],
    [
      'a replacement outside the vocabulary',
      { type: 'characters', vocabulary: ['a'], replacements: { b: 'ac' } },
      /"b" is replaced by "ac", but "c" \(U\+0063\) is not/,
    ],
    [
      'a replacement of a known character',
      { type: 'characters', vocabulary: ['a', 'b'], replacements: { b: 'a' } },
      /"b" \(U\+0062\) is in the vocabulary and has a replacement/,
    ],
    [
      'a replacement of two characters',
      { type: 'characters', vocabulary: ['a'], replacements: { bc: 'a' } },
      /a replacement is of one character .* got "bc"/,
    ],
    [
      'a replacement that is no string',
      { type: 'characters', vocabulary: ['a'], replacements: { b: 1 } },
      /"replacements": field "b" must be a string/,
    ],
    ['an unknown field', { type: 'characters', vocabulary: ['a'], merges: [] }, /unknown field "merges"/],
  ])('refused: %s', (_name, definition, message) => {
    const text = refusalText(() => createTokenizer(definition as TokenizerDefinition));
    expect(text).toMatch(/^invalid-tokenizer: tokenizer/);
    expect(text).toMatch(message);
  });
});
