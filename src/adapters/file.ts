// An adapter is a safetensors file. Its tensors are the factors of each matrix, `<matrix>.lora_A` [rank, columns] and
// `<matrix>.lora_B` [rows, rank]; its metadata are
//
//   format     "rivulet-adapter/1"
//   adapter    JSON: fingerprint of the model (shape, weights), rank, alpha, names of the layers
//   checksum   FNV-1a of that JSON and of every tensor with its name and shape

import { RivuletError, show } from '../errors.ts';
import { fnv1a } from '../formats/fnv1a.ts';
import { parseStrictJson } from '../formats/json.ts';
import { parseSafetensors, type SafetensorsFile, serializeSafetensors } from '../formats/safetensors.ts';
import { encodeUtf8 } from '../formats/utf8.ts';
import type { Tensor } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import type { AdapterParts } from './adapter.ts';
import { type Factors, type Float32Tensor, factorNames } from './low-rank.ts';
import { MAX_ALPHA, MAX_RANK, MIN_ALPHA } from './matrices.ts';

const FORMAT = 'rivulet-adapter/1';

export function writeAdapter({ base, rank, alpha, layers, factors }: AdapterParts): Uint8Array {
  const tensors = new Map<string, Tensor>();
  for (const [matrix, { a, b }] of factors) {
    const names = factorNames(matrix);
    tensors.set(names.a, a).set(names.b, b);
  }
  const { shape, weights } = base;
  const adapter = JSON.stringify({ base: { shape, weights }, rank, alpha, layers });
  return serializeSafetensors(tensors, { format: FORMAT, adapter, checksum: checksumOf(adapter, tensors) });
}

/** @throws RivuletError `invalid-adapter` where the bytes are torn, edited or no adapter */
export function readAdapter(bytes: Uint8Array): AdapterParts {
  if (!(bytes instanceof Uint8Array)) {
    throw new RivuletError('invalid-argument', `an adapter is read from a Uint8Array, got ${show(bytes)}`);
  }
  const { tensors, metadata } = parseFile(bytes);
  const { format, adapter, checksum } = metadata;
  if (format === undefined || adapter === undefined || checksum === undefined) {
    throw invalid('it is a safetensors file, but none that an adapter was written to');
  }
  if (format !== FORMAT) {
    throw invalid(`its format is ${show(format)}, and this version of Rivulet reads ${show(FORMAT)}`);
  }
  if (checksumOf(adapter, tensors) !== checksum) {
    throw invalid('its checksum does not match: it is damaged, or was edited');
  }
  const record = readRecord(adapter);
  return { ...record, factors: readFactors(tensors, record.rank) };
}

function parseFile(bytes: Uint8Array): SafetensorsFile {
  try {
    return parseSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof RivuletError)) throw cause;
    throw invalid(cause.message, { cause });
  }
}

function readRecord(text: string): Omit<AdapterParts, 'factors'> {
  let json: unknown;
  try {
    json = parseStrictJson(text);
  } catch (cause) {
    throw invalid('its record is not JSON', { cause });
  }
  return readFields(json, 'adapter', 'invalid-adapter', (fields) => ({
    base: fields.object('base', (base) => ({
      shape: readHash(base, 'shape'),
      weights: readHash(base, 'weights'),
    })),
    rank: fields.integer('rank', 1, MAX_RANK),
    alpha: fields.number('alpha', MIN_ALPHA, MAX_ALPHA),
    layers: fields.strings('layers'),
  }));
}

function readHash(fields: Fields, name: string): string {
  const hash = fields.name(name);
  if (/^[\da-f]{16}$/.test(hash)) return hash;
  throw invalid(`the ${name} of its model must be 16 hexadecimal digits, got ${show(hash)}`);
}

/** Every tensor is a factor of a matrix, and each matrix has both. */
function readFactors(tensors: ReadonlyMap<string, Tensor>, rank: number): ReadonlyMap<string, Factors> {
  const factors = new Map<string, Factors>();
  const suffix = factorNames('').a;
  for (const name of tensors.keys()) {
    if (!name.endsWith(suffix)) continue;
    const matrix = name.slice(0, -suffix.length);
    const names = factorNames(matrix);
    factors.set(matrix, {
      a: readFactor(tensors, names.a, 0, rank),
      b: readFactor(tensors, names.b, 1, rank),
    });
  }
  if (factors.size === 0 || tensors.size !== 2 * factors.size) {
    throw invalid(`its ${tensors.size} tensors are not two factors of each matrix`);
  }
  return factors;
}

function readFactor(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  axis: 0 | 1,
  rank: number,
): Float32Tensor {
  const tensor = tensors.get(name);
  if (tensor?.dtype !== 'F32' || tensor.shape.length !== 2 || tensor.shape[axis] !== rank) {
    const expected = axis === 0 ? `[${rank}, columns]` : `[rows, ${rank}]`;
    throw invalid(
      `tensor ${show(name)} must be F32 ${expected}, got ${tensor ? `${tensor.dtype} [${tensor.shape}]` : 'none'}`,
    );
  }
  const at = tensor.data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw invalid(`tensor ${show(name)} is ${tensor.data[at]} at index ${at}`);
  return { ...tensor, data: tensor.data.slice() };
}

/** By name, whatever the order in the file. */
function checksumOf(record: string, tensors: ReadonlyMap<string, Tensor>): string {
  let hash = fnv1a(encodeUtf8(record));
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name)!;
    hash = fnv1a(encodeUtf8(`${name} ${dtype} ${shape}`), hash);
    hash = fnv1a(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), hash);
  }
  return hash.toString(16).padStart(8, '0');
}

function invalid(reason: string, options?: ErrorOptions): RivuletError {
  return new RivuletError('invalid-adapter', `the adapter cannot be read: ${reason}`, options);
}
