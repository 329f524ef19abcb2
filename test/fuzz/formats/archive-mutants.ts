import { Deflate, unzipSync, zipSync } from 'fflate';
import type { Random } from '../../reference/random.ts';
import { changeTree, type Json } from '../json-mutants.ts';
import { mutateBytes } from './byte-mutants.ts';

/** Changes what an archive holds, and packs it anew; or what its directory says of it. */
export function mutateArchive(file: Uint8Array, random: Random): Uint8Array {
  const entries: Record<string, Uint8Array> = unzipSync(file);
  const way = random.uniform();
  if (way < 0.75) changeEntry(entries, random);
  else if (way < 0.85) delete entries[random.pick(Object.keys(entries))];
  const bytes = zipSync(entries, { level: random.pick([0, 6]) });
  return way < 0.85 ? bytes : random.pick([lie, bomb, countMore])(bytes, random);
}

function changeEntry(entries: Record<string, Uint8Array>, random: Random): void {
  const name = random.pick(Object.keys(entries));
  entries[name] = name.endsWith('.json')
    ? mutateJson(entries[name]!, random)
    : mutateBytes(entries[name]!, random);
}

export function mutateJson(bytes: Uint8Array, random: Random): Uint8Array {
  const value = JSON.parse(new TextDecoder().decode(bytes)) as Json;
  do changeTree(value, random);
  while (random.uniform() < 0.3);
  return new TextEncoder().encode(JSON.stringify(value));
}

const END_BYTES = 22;
const ENTRY_BYTES = 46;

/** The offset of the directory and how many entries it has. */
function directory(bytes: Uint8Array): { view: DataView; at: number; count: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - END_BYTES;
  return { view, at: view.getUint32(end + 16, true), count: view.getUint16(end + 10, true) };
}

/** Sizes and offsets of the directory that are not so. */
function lie(bytes: Uint8Array, random: Random): Uint8Array {
  const { view, at } = directory(bytes);
  const field = random.pick([10, 20, 24, 28, 30, 32, 42]);
  const value = random.pick([
    0,
    1,
    0xffff,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    random.integer(0, bytes.length),
  ]);
  view.setUint32(Math.min(at + field, bytes.length - 4), value, true);
  return bytes;
}

const BOMB_BYTES = 100_000_000;
/** Made once, since making it takes longer than a mutant may. */
const packedZeros = packZeros();

function packZeros(): Uint8Array {
  const parts: Uint8Array[] = [];
  const deflate = new Deflate({ level: 1 }, (part) => parts.push(part));
  const zeros = new Uint8Array(1_000_000);
  for (let at = 0; at < BOMB_BYTES; at += zeros.length) deflate.push(zeros, at + zeros.length === BOMB_BYTES);
  return new Uint8Array(Buffer.concat(parts));
}

/** 100 MB of zeros in the place of the first file, and a directory that tells the truth, or says that they are few. */
function bomb(bytes: Uint8Array, random: Random): Uint8Array {
  const names = Object.keys(unzipSync(bytes));
  const stored = zipSync(Object.fromEntries(names.map((name) => [name, packedZeros])), { level: 0 });
  const { view, at } = directory(stored);
  view.setUint16(8, 8, true); // deflated, in the file's own header and in the directory
  view.setUint16(at + 10, 8, true);
  view.setUint32(at + 24, random.pick([BOMB_BYTES, 1000, packedZeros.length * 30]), true);
  return stored;
}

/** The same file in many entries, or a zip64 that says that there are four billion of them. */
function countMore(bytes: Uint8Array, random: Random): Uint8Array {
  const { view, at, count } = directory(bytes);
  const end = bytes.length - END_BYTES;
  if (random.uniform() < 0.5) {
    const first = bytes.slice(at, at + ENTRY_BYTES + view.getUint16(at + 28, true));
    const many = new Uint8Array(Buffer.concat(Array.from({ length: 60_000 }, () => first)));
    const tail = bytes.slice(end);
    const tailView = new DataView(tail.buffer);
    for (const field of [8, 10]) tailView.setUint16(field, Math.min(0xffff, count + 60_000), true);
    return new Uint8Array(Buffer.concat([bytes.subarray(0, at), many, bytes.subarray(at, end), tail]));
  }
  const wide = new Uint8Array(56 + 20);
  const wideView = new DataView(wide.buffer);
  wideView.setUint32(0, 0x06064b50, true);
  wideView.setUint32(32, 2 ** 32 - 1, true);
  wideView.setUint32(48, random.pick([at, bytes.length]), true);
  wideView.setUint32(56, 0x07064b50, true);
  wideView.setUint32(56 + 8, end, true);
  return new Uint8Array(Buffer.concat([bytes.subarray(0, end), wide, bytes.subarray(end)]));
}
