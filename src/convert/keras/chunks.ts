/**
 * The values of an HDF5 dataset that is stored in chunks, as h5repack and datasets with compression are: a B-tree of
 * version 1 tells where each chunk stands; gzip and shuffle are undone. (jsfive reads chunks too, but as a list of
 * JavaScript numbers, and as many as the file claims.)
 *
 * "HDF5 File Format Specification Version 3.0": III.A.1 (B-tree), IV.A.2.i (layout), IV.A.2.l (filter pipeline).
 */
import { RivuletError } from '../../errors.ts';
import { inflateExactly, MOST_GROWTH } from '../inflate.ts';
import { type GuardedBuffer, readUnsigned, VISIT } from './guard.ts';

const DEFLATE = 1;
const SHUFFLE = 2;
/** HDF5 has up to 32 of either. */
const MOST_FILTERS = 32;
const MOST_DIMENSIONS = 32;

const NODE_BYTES = 24;
const RAW_DATA = 1;

export interface Chunked {
  readonly place: string;
  readonly buffer: GuardedBuffer;
  /** Of the message of its layout, and of that of its filters where it has some. */
  readonly layoutAt: number;
  readonly filtersAt: number | undefined;
  readonly shape: readonly number[];
  /** Bytes of a value. */
  readonly width: number;
}

/** Where a chunk stands, and which of its values is the first. */
interface Chunk {
  readonly at: number;
  readonly bytes: number;
  readonly first: readonly number[];
}

interface Layout {
  readonly treeAt: number;
  /** Values of a chunk along each axis. */
  readonly sizes: readonly number[];
}

/**
 * All values as they stand in the file, dense and row-major.
 *
 * @throws RivuletError `invalid-file`, `unsupported-format`
 */
export function readChunks(dataset: Chunked): ArrayBuffer {
  const { buffer, shape, width, place } = dataset;
  const layout = readLayout(dataset);
  const filters = readFilters(dataset);
  const chunks = findChunks(dataset, layout);
  const bytes = width * layout.sizes.reduce((product, size) => product * size, 1);
  const expected = shape.reduce((count, size, axis) => count * Math.ceil(size / layout.sizes[axis]!), 1);
  if (chunks.length !== expected)
    throw new RivuletError('invalid-file', `${place}: it has ${chunks.length} chunks of ${expected}`);
  const smallest = filters.includes(DEFLATE) ? Math.ceil(bytes / MOST_GROWTH) : bytes;
  for (const chunk of chunks) {
    if (chunk.bytes >= smallest && chunk.at + chunk.bytes <= buffer.byteLength) continue;
    throw new RivuletError('invalid-file', `${place}: a chunk of ${bytes} bytes is not all in the file`);
  }
  // Those at the edges reach beyond the dataset.
  buffer.chargeUnpacked(chunks.length * bytes);
  const out = new Uint8Array(shape.reduce((product, size) => product * size, width));
  for (const chunk of chunks) {
    const packed = new Uint8Array(buffer, chunk.at, chunk.bytes);
    copyChunk(out, dataset, layout, chunk, unpack(packed, filters, bytes, dataset));
  }
  return out.buffer;
}

/** Version 3: one byte of the version, the class and the rank, the tree's address, the sizes of a chunk and of a value. */
function readLayout({ buffer, layoutAt, shape, width, place }: Chunked): Layout {
  const view = new DataView(buffer);
  const version = view.getUint8(layoutAt);
  if (version !== 3) {
    throw new RivuletError(
      'unsupported-format',
      `${place} is stored in chunks of layout version ${version}, as libver "latest" of h5py does; ` +
        'h5repack -l CONTI -f NONE writes the file without chunks',
    );
  }
  const rank = view.getUint8(layoutAt + 2) - 1;
  const sizes = Array.from({ length: Math.max(0, Math.min(rank, MOST_DIMENSIONS)) }, (_, axis) =>
    view.getUint32(layoutAt + 11 + 4 * axis, true),
  );
  const valueBytes = view.getUint32(layoutAt + 11 + 4 * sizes.length, true);
  if (rank < 1 || rank !== shape.length || sizes.includes(0) || valueBytes !== width)
    throw new RivuletError('invalid-file', `${place}: its chunks are not of its shape and type`);
  return { treeAt: readUnsigned(view, layoutAt + 3, 8), sizes };
}

/** The filters of all chunks, in the order in which they were applied. */
function readFilters({ buffer, filtersAt, place }: Chunked): readonly number[] {
  if (filtersAt === undefined) return [];
  const view = new DataView(buffer);
  const version = view.getUint8(filtersAt);
  const count = view.getUint8(filtersAt + 1);
  if (version > 2 || count > MOST_FILTERS)
    throw new RivuletError(
      'invalid-file',
      `${place}: its filters are of version ${version}, ${count} of them`,
    );
  let at = filtersAt + (version === 1 ? 8 : 2);
  return Array.from({ length: count }, () => {
    const id = view.getUint16(at, true);
    if (id !== DEFLATE && id !== SHUFFLE) {
      throw new RivuletError(
        'unsupported-format',
        `${place} is stored in chunks with the filter ${id}; supported are 1 (gzip) and 2 (shuffle); ` +
          'h5repack -l CONTI -f NONE writes the file without',
      );
    }
    // Version 2 leaves out the names of HDF5's own filters.
    const nameBytes = version === 1 ? Math.ceil(view.getUint16(at + 2, true) / 8) * 8 : 0;
    const head = version === 1 ? 8 : 6;
    const values = view.getUint16(at + head - 2, true);
    at += head + nameBytes + 4 * (version === 1 ? values + (values % 2) : values);
    return id;
  });
}

/** The leaves of the tree; each level is one below that of its parent, so that it ends. */
function findChunks(dataset: Chunked, { treeAt, sizes }: Layout): readonly Chunk[] {
  const { buffer, shape, place } = dataset;
  const view = new DataView(buffer);
  const keyBytes = 8 + 8 * (shape.length + 1);
  const chunks = new Map<string, Chunk>();
  const open: { at: number; level: number | undefined }[] = [{ at: treeAt, level: undefined }];
  for (let node = open.pop(); node; node = open.pop()) {
    const level = view.getUint8(node.at + 5);
    const isTree = view.getUint32(node.at, false) === 0x54524545 && view.getUint8(node.at + 4) === RAW_DATA;
    if (!isTree || (node.level !== undefined && level !== node.level))
      throw new RivuletError('invalid-file', `${place}: what tells where its chunks stand is damaged`);
    const entries = view.getUint16(node.at + 6, true);
    buffer.charge(VISIT + 8 * entries);
    for (let entry = 0; entry < entries; entry++) {
      const at = node.at + NODE_BYTES + entry * (keyBytes + 8);
      const address = readUnsigned(view, at + keyBytes, 8);
      if (level > 0) {
        open.push({ at: address, level: level - 1 });
        continue;
      }
      const first = shape.map((_, axis) => readUnsigned(view, at + 8 + 8 * axis, 8));
      const fits = first.every((value, axis) => value < shape[axis]! && value % sizes[axis]! === 0);
      if (!fits || view.getUint32(at + 4, true) !== 0 || chunks.has(first.join()))
        throw new RivuletError(
          'invalid-file',
          `${place}: its chunk at [${first.join(', ')}] is none, is there twice, or is without a filter of the others`,
        );
      chunks.set(first.join(), { at: address, bytes: view.getUint32(at, true), first });
    }
  }
  return [...chunks.values()];
}

/** The filters undone, the last one first. */
function unpack(
  packed: Uint8Array,
  filters: readonly number[],
  bytes: number,
  { place, width }: Chunked,
): Uint8Array {
  let data = packed;
  for (const filter of filters.toReversed())
    data = filter === DEFLATE ? inflate(data, bytes, place) : unshuffle(data, width);
  if (data.length === bytes) return data;
  throw new RivuletError('invalid-file', `${place}: a chunk has ${data.length} bytes; expected ${bytes}`);
}

/** zlib's format (RFC 1950): two bytes in front, and Adler-32 behind. */
function inflate(data: Uint8Array, bytes: number, place: string): Uint8Array {
  const [method = 0, flags = 0] = data;
  const isZlib =
    data.length > 6 && (method & 15) === 8 && (method * 256 + flags) % 31 === 0 && (flags & 32) === 0;
  const inflated = isZlib ? inflateExactly(data.subarray(2, -4), bytes) : 'is not what zlib writes';
  if (typeof inflated === 'string') throw new RivuletError('invalid-file', `${place}: a chunk ${inflated}`);
  const sum = new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0);
  if (adler32(inflated) === sum) return inflated;
  throw new RivuletError('invalid-file', `${place}: a chunk is damaged: its checksum is another one`);
}

function adler32(data: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** From the first bytes of all values, then the second …, to value by value. */
function unshuffle(data: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(data.length / width);
  const out = data.slice();
  for (let byte = 0; byte < width; byte++)
    for (let value = 0; value < count; value++) out[value * width + byte] = data[byte * count + value]!;
  return out;
}

/** Copies a chunk to where it belongs, row by row of the last axis. */
function copyChunk(
  out: Uint8Array,
  { shape, width }: Chunked,
  { sizes }: Layout,
  { first }: Chunk,
  data: Uint8Array,
): void {
  const last = shape.length - 1;
  const inside = shape.map((size, axis) => Math.min(sizes[axis]!, size - first[axis]!));
  const rows = inside.slice(0, last).reduce((product, size) => product * size, 1);
  for (let row = 0; row < rows; row++) {
    let [rest, from, to] = [row, 0, 0];
    let [chunkStride, stride] = [sizes[last]!, shape[last]!];
    for (let axis = last - 1; axis >= 0; axis--) {
      const index = rest % inside[axis]!;
      rest = Math.floor(rest / inside[axis]!);
      from += index * chunkStride;
      to += (first[axis]! + index) * stride;
      chunkStride *= sizes[axis]!;
      stride *= shape[axis]!;
    }
    const bytes = data.subarray(from * width, (from + inside[last]!) * width);
    out.set(bytes, (to + first[last]!) * width);
  }
}
