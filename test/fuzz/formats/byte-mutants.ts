import type { Random } from '../../reference/random.ts';

/** Changes bytes of any file: single ones, words that may be sizes or addresses, digits of text, pieces. */
export function mutateBytes(file: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = file.slice();
  do bytes = random.pick(MUTATIONS)(bytes, random);
  while (random.uniform() < 0.4);
  return bytes;
}

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setWord,
  setWord,
  copyWord,
  copyWord,
  changeDigits,
  changeDigits,
  cut,
  truncate,
  insert,
  repeatPiece,
];

const EXTREMES = [0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(0, bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 8));
  return bytes;
}

function setByte(bytes: Uint8Array, random: Random): Uint8Array {
  bytes[random.integer(0, bytes.length)] = random.bits();
  return bytes;
}

/** A size or an offset that is huge, or one off. */
function setWord(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length < 8) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = random.pick([1, 4]) * random.integer(0, (bytes.length - 8) >> 2);
  const value =
    random.uniform() < 0.3 ? view.getUint32(at, true) + random.pick([-1, 1, 8]) : random.pick(EXTREMES);
  view.setUint32(at, value, true);
  if (random.uniform() < 0.3) view.setUint32(at + 4, random.pick(EXTREMES), true);
  return bytes;
}

/** Addresses that point elsewhere within the file, also in circles. */
function copyWord(bytes: Uint8Array, random: Random): Uint8Array {
  const size = random.pick([4, 8]);
  const words = Math.floor(bytes.length / size);
  if (words < 2) return bytes;
  const [from, to] = [size * random.integer(0, words), size * random.integer(0, words)];
  bytes.copyWithin(to, from, from + size);
  return bytes;
}

/** A number in text, of the same length. */
function changeDigits(bytes: Uint8Array, random: Random): Uint8Array {
  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;
  const start = random.integer(0, bytes.length);
  const at = bytes.findIndex((byte, i) => i >= start && isDigit(byte));
  for (let i = at; i >= 0 && isDigit(bytes[i]); i++) bytes[i] = random.pick([0x30, 0x31, 0x39, 0x2d]);
  return bytes;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.integer(0, bytes.length + 1));
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(0, bytes.length + 1);
  return join(bytes.subarray(0, at), bytes.subarray(at + random.pick([1, 2, 4, 8, 64])));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(0, bytes.length + 1);
  const piece = Uint8Array.from({ length: random.pick([1, 4, 8, 4096]) }, () => random.bits());
  return join(bytes.subarray(0, at), piece, bytes.subarray(at));
}

function repeatPiece(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random.integer(0, bytes.length + 1);
  const piece = bytes.subarray(from, from + random.pick([4, 32, 256]));
  const at = random.integer(0, bytes.length + 1);
  return join(bytes.subarray(0, at), piece, bytes.subarray(at));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
