/**
 * How the model reads characters that its training text lacks: text of today is typed with others than the edition
 * was. What is in the vocabulary is read as itself, and what is in no line here is refused.
 */
const TABLE: readonly (readonly [characters: string, replacement: string])[] = [
  // Quotes: single, low, angle, prime, grave and acute; then double.
  ['‘’‚‛‹›′`´', "'"],
  ['“”„‟«»″', '"'],
  // Hyphens, figure dash, en dash, minus; then the horizontal bar.
  ['‐‑‒–−', '-'],
  ['―', '—'],
  ['…', '...'],
  // White space: tab, no-break, and the typographic widths.
  ['\t\u00a0\u2002\u2003\u2007\u2009\u202f', ' '],
  ['\u2028\u2029', '\n'],
  // Nothing: carriage return (a CR LF is a line end), soft hyphen, zero-width space, joiners, byte order mark.
  ['\r\u00ad\u200b\u200c\u200d\u2060\ufeff', ''],
  // Ligatures and letters of their own; accented letters of Latin-1 lose the accent, below.
  ['æ', 'ae'],
  ['Æ', 'AE'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['Ø', 'O'],
  ['ß', 'ss'],
  ['ﬁ', 'fi'],
  ['ﬂ', 'fl'],
  // Brackets that the text has in one form only.
  ['{', '('],
  ['}', ')'],
  ['•·', '*'],
];

/** The table as the tokenizer takes it: only characters outside the vocabulary, only by characters in it. */
export function replacementsFor(vocabulary: readonly string[]): Record<string, string> {
  const known = new Set(vocabulary);
  const pairs = TABLE.flatMap(([characters, text]) => [...characters].map((c) => [c, text] as const));
  for (let code = 0xc0; code <= 0xff; code++) {
    const letter = String.fromCodePoint(code);
    const [base = letter] = letter.normalize('NFD');
    if (base !== letter) pairs.push([letter, base]);
  }
  const usable = pairs.filter(
    ([character, text]) => !known.has(character) && [...text].every((part) => known.has(part)),
  );
  return Object.fromEntries(usable);
}
