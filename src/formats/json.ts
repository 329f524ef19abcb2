/**
 * JSON.parse that refuses an object with the same key twice. JSON.parse keeps the last one, where another
 * reader may keep the first: two programs would see two models in one file.
 *
 * @throws SyntaxError
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Every key that JSON.parse dropped is one that the text has and the value lacks.
  if (countKeysInText(text) !== countKeysInValue(value))
    throw new SyntaxError('an object has the same key twice');
  return value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** In valid JSON every colon outside a string follows a key. */
function countKeysInText(text: string): number {
  let count = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (inString && code === BACKSLASH) at++;
    else if (!inString && code === COLON) count++;
  }
  return count;
}

/** With a list instead of recursion: the depth of the nesting is the file's choice. */
function countKeysInValue(root: unknown): number {
  let count = 0;
  const pending: object[] = isObject(root) ? [root] : [];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) count += children.length;
    // Numbers stay where they are: there may be millions in an array.
    for (const child of children) if (isObject(child)) pending.push(child);
  }
  return count;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
