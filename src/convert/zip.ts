/**
 * The files of a zip archive, by its directory, within limits: what the directory says is checked before room is made,
 * and inflating ends where a file grows beyond its size.
 */
import { RivuletError, show } from '../errors.ts';
import { inflateExactly, MOST_GROWTH } from './inflate.ts';

export interface ZipLimits {
  /** What the archive is, for messages: `the .keras file`. */
  readonly place: string;
  readonly entries: number;
  /** Of all files that are wanted, unpacked. */
  readonly bytes: number;
  wants(name: string): boolean;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
}

const END = { signature: 0x06054b50, bytes: 22, longestComment: 0xffff };
const DIRECTORY = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const STORED = 0;
const DEFLATED = 8;

/**
 * Stored files are views of `bytes`.
 *
 * @throws RivuletError `invalid-file`
 */
export function unzip(bytes: Uint8Array, limits: ZipLimits): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const files = new Map<string, Uint8Array>();
  let [packed, unpacked] = [0, 0];
  for (const entry of readDirectory(view, limits)) {
    if (!limits.wants(entry.name)) continue;
    packed += entry.packed;
    unpacked += entry.unpacked;
    const claim = `${show(entry.name)} has ${entry.unpacked} bytes, packed in ${entry.packed}`;
    if (files.has(entry.name)) throw invalid(limits, `${show(entry.name)} stands there twice`);
    if (packed > bytes.length || entry.unpacked > entry.packed * MOST_GROWTH)
      throw invalid(limits, `it says that ${claim}`);
    if (unpacked > limits.bytes) throw invalid(limits, `${claim}; at most ${limits.bytes} are read in all`);
    files.set(entry.name, readEntry(view, entry, limits));
  }
  return files;
}

function readDirectory(view: DataView, limits: ZipLimits): readonly Entry[] {
  const end = findEnd(view, limits);
  const count = view.getUint16(end + 10, true);
  if (count > limits.entries)
    throw invalid(limits, `it has ${count} entries; at most ${limits.entries} are read`);
  let at = view.getUint32(end + 16, true);
  return Array.from({ length: count }, () => {
    requireHeader(view, at, DIRECTORY, 'its directory', limits);
    const nameBytes = view.getUint16(at + 28, true);
    const name = textOf(view, at + DIRECTORY.bytes, nameBytes, limits);
    const entry = {
      name,
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      unpacked: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    at += DIRECTORY.bytes + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    return entry;
  });
}

/** The end of the directory stands at the end, before a comment. */
function findEnd(view: DataView, limits: ZipLimits): number {
  const last = view.byteLength - END.bytes;
  for (let at = last; at >= Math.max(0, last - END.longestComment); at--) {
    if (view.getUint32(at, true) === END.signature) return at;
  }
  throw invalid(limits, 'no zip archive, or a truncated one');
}

function readEntry(view: DataView, entry: Entry, limits: ZipLimits): Uint8Array {
  const { name, method, packed, unpacked, offset } = entry;
  requireHeader(view, offset, LOCAL, show(name), limits);
  const from = offset + LOCAL.bytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (from + packed > view.byteLength) throw invalid(limits, `${show(name)} goes on behind its end`);
  const data = new Uint8Array(view.buffer, view.byteOffset + from, packed);
  const isEncrypted = (view.getUint16(offset + 6, true) & 1) !== 0;
  if (method === STORED && packed === unpacked && !isEncrypted) return data;
  if (method === DEFLATED && !isEncrypted) return inflate(data, entry, limits);
  throw invalid(
    limits,
    `${show(name)} is neither stored nor deflated (method ${method}), or it is encrypted`,
  );
}

function inflate(data: Uint8Array, { name, unpacked }: Entry, limits: ZipLimits): Uint8Array {
  const inflated = inflateExactly(data, unpacked);
  if (typeof inflated === 'string') throw invalid(limits, `${show(name)}: ${inflated}`);
  return inflated;
}

function requireHeader(
  view: DataView,
  at: number,
  { signature, bytes }: { readonly signature: number; readonly bytes: number },
  what: string,
  limits: ZipLimits,
): void {
  if (at + bytes <= view.byteLength && view.getUint32(at, true) === signature) return;
  throw invalid(limits, `${what} does not stand at ${at}, where it should`);
}

function textOf(view: DataView, at: number, length: number, limits: ZipLimits): string {
  if (at + length > view.byteLength) throw invalid(limits, 'its directory is truncated');
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

function invalid({ place }: ZipLimits, reason: string): RivuletError {
  return new RivuletError('invalid-file', `${place}: ${reason}`);
}
