import type { Random } from '../reference/random.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Changes one place of a JSON value, in place: another value, another key, one element less or twice. */
export function changeTree(root: Json, random: Random): void {
  const containers = containersOf(root);
  if (containers.length === 0) return;
  const container = random.pick(containers);
  if (Array.isArray(container)) changeArray(container, random);
  else changeObject(container, random);
}

/** Changes JSON as text: a key twice, nesting that is deep, characters that do not belong. */
export function mutateText(text: string, random: Random): string {
  const at = random.integer(0, text.length + 1);
  const way = random.uniform();
  if (way < 0.15) return text.replace('{', '{"graph":"","name":"twice",');
  if (way < 0.25) return `${text.slice(0, at)}${'['.repeat(random.pick([10, 100_000]))}${text.slice(at)}`;
  if (way < 0.35) return `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  if (way < 0.6) return text.slice(0, at) + text.slice(at + random.integer(1, 9));
  return (
    text.slice(0, at) +
    random.pick(['"', '}', ']', ',', ':', '\\', '0', 'e9', '\u0000', '😀']) +
    text.slice(at)
  );
}

type Container = Json[] | { [key: string]: Json };

function containersOf(root: Json): Container[] {
  if (typeof root !== 'object' || root === null) return [];
  return [root, ...Object.values(root).flatMap(containersOf)];
}

function changeArray(array: Json[], random: Random): void {
  const at = random.integer(0, array.length + 1);
  const way = random.uniform();
  if (way < 0.3) array.splice(at, 1);
  else if (way < 0.5 && array.length > 0) array.splice(at, 0, structuredClone(random.pick(array)));
  else array[Math.min(at, Math.max(0, array.length - 1))] = otherValue(array[at] ?? null, random);
}

function changeObject(object: { [key: string]: Json }, random: Random): void {
  const keys = Object.keys(object);
  const way = random.uniform();
  const key = keys.length > 0 ? random.pick(keys) : 'key';
  if (way < 0.2) delete object[key];
  else if (way < 0.35) define(object, random.pick(KEYS), object[key] ?? null);
  else define(object, key, otherValue(object[key] ?? null, random));
}

/** As a property of its own, also where the key is `__proto__`. */
function define(object: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'name',
  'bias',
  'bias_hh',
  'activation',
  'extra',
  'direction',
  'merge',
  'initial',
  'h0',
  'weight_hh_reverse',
  'peephole',
  'coupled',
  'cellClip',
  'stride',
  'dilation',
  'padding',
  'layout',
  'encoder',
  'h',
  'reverse.h',
];
const STRINGS = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'F64',
  'BF16',
  'I8',
  'I64',
  'tanh',
  'lstm',
  'identity',
  'hard-sigmoid',
  'both',
  'backward',
  'concat',
  'channels-first',
  'mean',
  '\ud800',
  '😀',
];
const NUMBERS = [0, -0, -1, 1, 2, 1.5, 16, 65535, 65536, 65537, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -1e300];

/** Near to the value, or of another kind. */
function otherValue(value: Json, random: Random): Json {
  if (random.uniform() < 0.5) {
    if (typeof value === 'number') return value + random.pick([-1, 1, 16, -16, 0.5]);
    if (typeof value === 'boolean') return !value;
    if (typeof value === 'string') return value + random.pick(['x', '.scale', ' ']);
  }
  return random.pick<() => Json>([
    () => random.pick(STRINGS),
    () => random.pick(NUMBERS),
    () => null,
    () => random.uniform() < 0.5,
    () => [],
    () => ({}),
    () => [structuredClone(value)],
    () => ({ value: structuredClone(value) }),
  ])();
}
