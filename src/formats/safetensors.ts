/**
 * safetensors (https://github.com/huggingface/safetensors#format): the length of a header as a little-endian
 * uint64, the header as JSON, then the data of all tensors, one after the other without holes.
 */
import { RivuletError, show } from '../errors.ts';
import type { Tensor } from '../graph/definition.ts';
import { describe, type Fields, readFields } from '../graph/fields.ts';
import { elementCount, formatShape } from '../graph/tensor.ts';
import { parseStrictJson } from './json.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

export interface SafetensorsFile {
  /** By name, in the order of their data in the file. */
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

const PREFIX_BYTES = 8;
/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = '__metadata__';

/**
 * An entry of the header, its shape and dtype checked against its offsets, not yet its offsets against the
 * others'.
 */
interface Entry {
  readonly name: string;
  /** Undefined of a tensor that is left out. */
  readonly dtype: ReadableDType | undefined;
  readonly shape: readonly number[];
  readonly count: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a file. F32 and I8 tensors are views of `bytes` (an F32 tensor that is not 4-aligned in memory is a
 * copy); F64, F16 and BF16 become F32, rounded to nearest. Nothing is allocated for a tensor before the whole
 * header has been checked against the size of the file.
 *
 * @param leaveOut names of tensors that are not read, whatever their dtype
 * @throws RivuletError `invalid-file`, naming the place, or `unsupported-format` for other dtypes
 */
export function parseSafetensors(bytes: Uint8Array, leaveOut?: (name: string) => boolean): SafetensorsFile {
  if (!(ArrayBuffer.isView(bytes) && bytes[Symbol.toStringTag] === 'Uint8Array')) {
    throw new RivuletError('invalid-argument', `a file must be a Uint8Array, got ${show(bytes)}`);
  }
  // A plain view, because the slice of Node's Buffer, which is a Uint8Array too, does not copy.
  const file = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = readHeaderLength(file);
  const dataStart = PREFIX_BYTES + headerBytes;
  const header = readHeader(file.slice(PREFIX_BYTES, dataStart));
  const metadata = readMetadata(header);
  const entries = Object.keys(header)
    .filter((name) => name !== METADATA_KEY)
    .map((name) => readEntry(name, header[name], leaveOut?.(name) ?? false));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, file.length - dataStart);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, count, begin } of entries) {
    if (dtype !== undefined) tensors.set(name, READERS[dtype].read(file, dataStart + begin, shape, count));
  }
  return { tensors, metadata };
}

/**
 * Writes a file: the same tensors and metadata always give the same bytes. Tensors stand by size of their
 * elements, the largest first, then by name, as the reference implementation orders them: so an I8 tensor of
 * odd length leaves no F32 tensor unaligned, and the order in which a program built the map does not show.
 * Metadata stands by key.
 *
 * @throws RivuletError `invalid-argument` for a name that the format reserves, `wrong-shape` where a shape
 * and its data do not agree
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const sorted = [...tensors].sort(
    ([aName, a], [bName, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || compare(aName, bName),
  );
  const { header, dataBytes } = writeHeader(sorted, metadata);
  const file = new Uint8Array(PREFIX_BYTES + header.length + dataBytes);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(header, PREFIX_BYTES);
  let at = PREFIX_BYTES + header.length;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function readHeaderLength(file: Uint8Array): number {
  if (file.length < PREFIX_BYTES) {
    throw invalid(
      `the file has ${file.length} bytes; a safetensors file begins with ${PREFIX_BYTES} bytes of header length`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, PREFIX_BYTES);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw invalid(
      `header length: ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed. Is this a safetensors file?`,
    );
  }
  if (length > file.length - PREFIX_BYTES) {
    throw invalid(
      `header length: ${length} bytes, but only ${file.length - PREFIX_BYTES} follow; ` +
        'the file is truncated or no safetensors file',
    );
  }
  return length;
}

function readHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes[0] !== '{'.charCodeAt(0)) throw invalid('header: it must begin with {');
  let header: unknown;
  try {
    header = parseStrictJson(decodeUtf8(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`header: not JSON in UTF-8 without duplicate keys: ${reason}`, { cause });
  }
  // JSON that begins with { is an object.
  return header as Readonly<Record<string, unknown>>;
}

function readMetadata(header: Readonly<Record<string, unknown>>): Record<string, string> {
  if (!Object.hasOwn(header, METADATA_KEY)) return {};
  return readFields(header[METADATA_KEY], `header: ${METADATA_KEY}`, 'invalid-file', (fields) =>
    fields.allStrings(),
  );
}

function readEntry(name: string, json: unknown, leftOut: boolean): Entry {
  return readFields(json, `tensor ${show(name)}`, 'invalid-file', (fields) => {
    const shape = fields.array('shape');
    if (leftOut) {
      fields.name('dtype');
      const [begin, end] = readOffsets(fields);
      return { name, dtype: undefined, shape: [], count: 0, begin, end };
    }
    const dtype = readDType(fields);
    const count = elementCount(shape);
    const byteLength = (count ?? Infinity) * READERS[dtype].bytes;
    if (count === undefined || !Number.isSafeInteger(byteLength)) {
      throw invalid(`${fields.place}: its shape must be non-negative integers with a product below 2^53`);
    }
    const [begin, end] = readOffsets(fields);
    if (end - begin !== byteLength) {
      throw invalid(
        `${fields.place}: ${dtype} ${formatShape(shape as number[])} needs ${byteLength} bytes, ` +
          `its data_offsets give ${end - begin}`,
      );
    }
    return { name, dtype, shape: shape as readonly number[], count, begin, end };
  });
}

function readDType(fields: Fields): ReadableDType {
  const dtype = fields.name('dtype');
  if (Object.hasOwn(READERS, dtype)) return dtype as ReadableDType;
  if (!OTHER_DTYPES.includes(dtype)) throw invalid(`${fields.place}: unknown dtype ${show(dtype)}`);
  throw new RivuletError(
    'unsupported-format',
    `${fields.place} has dtype ${dtype}; a model holds F32 or I8 (F64, F16 and BF16 are converted). ` +
      'Convert it before saving, in PyTorch with tensor.float(), or leave it out',
  );
}

function readOffsets(fields: Fields): readonly [begin: number, end: number] {
  const offsets = fields.array('data_offsets');
  const [begin, end] = offsets;
  if (offsets.length !== 2 || !isOffset(begin) || !isOffset(end) || begin > end) {
    throw invalid(
      `${fields.place}: data_offsets must be [begin, end], integers with 0 <= begin <= end, ` +
        `got [${offsets.slice(0, 3).map(describe).join(', ')}]`,
    );
  }
  return [begin, end];
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Entries sorted by begin must follow each other without hole or overlap and end where the file ends. */
function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      const fault = begin > covered ? 'leaves a hole after' : 'overlaps';
      throw invalid(
        `tensor ${show(name)}: its data begins at ${begin}, ` +
          `which ${fault} the tensor before it, which ends at ${covered}`,
      );
    }
    if (end > dataBytes) {
      throw invalid(
        `tensor ${show(name)}: its data ends at ${end}, ` +
          `but the file has ${dataBytes} bytes of data; is it truncated?`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw invalid(`the tensors take ${covered} bytes, but the file has ${dataBytes} bytes of data`);
  }
}

type ReadableDType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I8';

interface Reader {
  /** Of one element. */
  readonly bytes: number;
  read(file: Uint8Array, at: number, shape: readonly number[], count: number): Tensor;
}

const READERS: Readonly<Record<ReadableDType, Reader>> = {
  F32: { bytes: 4, read: readFloat32 },
  I8: {
    bytes: 1,
    read: (file, at, shape, count) => ({
      dtype: 'I8',
      shape,
      data: new Int8Array(file.buffer, file.byteOffset + at, count),
    }),
  },
  F64: { bytes: 8, read: converted(8, (view, at) => view.getFloat64(at, true)) },
  F16: { bytes: 2, read: converted(2, (view, at) => expandFloat16(view.getUint16(at, true))) },
  BF16: { bytes: 2, read: converted(2, (view, at) => expandBfloat16(view.getUint16(at, true))) },
};

/** The other dtypes of the format. */
const OTHER_DTYPES = [
  'BOOL',
  'U8',
  'I16',
  'U16',
  'I32',
  'U32',
  'I64',
  'U64',
  'C64',
  'F4',
  'F6_E2M3',
  'F6_E3M2',
  'F8_E5M2',
  'F8_E4M3',
  'F8_E8M0',
  'F8_E4M3FNUZ',
  'F8_E5M2FNUZ',
];

function readFloat32(file: Uint8Array, at: number, shape: readonly number[], count: number): Tensor {
  const start = file.byteOffset + at;
  const data =
    start % 4 === 0
      ? new Float32Array(file.buffer, start, count)
      : new Float32Array(file.slice(at, at + 4 * count).buffer);
  return { dtype: 'F32', shape, data };
}

/** Storing into a Float32Array rounds to nearest, ties to even. */
function converted(bytes: number, element: (view: DataView, at: number) => number): Reader['read'] {
  return (file, at, shape, count) => {
    const view = new DataView(file.buffer, file.byteOffset + at, count * bytes);
    const data = new Float32Array(count);
    for (let index = 0; index < count; index++) data[index] = element(view, index * bytes);
    return { dtype: 'F32', shape, data };
  };
}

/** 1 sign bit, 5 of exponent (bias 15), 10 of mantissa; every value is a float32. */
export function expandFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa ? Number.NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function expandBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function writeHeader(
  tensors: readonly (readonly [string, Tensor])[],
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; dataBytes: number } {
  // Joined as text: an object would move keys like "7" to the front and lose "__proto__".
  const parts: string[] = [];
  const keys = Object.keys(metadata).sort(compare);
  if (keys.length > 0)
    parts.push(`"${METADATA_KEY}":{${keys.map((key) => writeMetadata(key, metadata[key])).join(',')}}`);
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (name === METADATA_KEY)
      throw new RivuletError('invalid-argument', `a tensor must not be named ${METADATA_KEY}`);
    if (elementCount(shape) !== data.length) {
      throw new RivuletError(
        'wrong-shape',
        `tensor ${show(name)}: its shape ${formatShape(shape)} ` +
          `does not have the ${data.length} elements of its data`,
      );
    }
    const entry = { dtype, shape, data_offsets: [dataBytes, dataBytes + data.byteLength] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    dataBytes += data.byteLength;
  }
  const json = encodeUtf8(`{${parts.join(',')}}`);
  // Spaces up to the next multiple of 8, so that the data is aligned wherever the file is.
  const header = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  header.set(json);
  return { header, dataBytes };
}

function writeMetadata(key: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new RivuletError(
      'invalid-argument',
      `metadata ${show(key)} must be a string, got ${describe(value)}`,
    );
  }
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

/** By UTF-16 code unit, the order of Array.prototype.sort: no locale in it. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function invalid(message: string, options?: ErrorOptions): RivuletError {
  return new RivuletError('invalid-file', message, options);
}
