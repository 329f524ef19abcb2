/** The weights of TF.js: shards of bytes, one weight behind the other, of which some are quantized. */
import { RivuletError, show } from '../../errors.ts';
import { expandFloat16 } from '../../formats/safetensors.ts';
import { describe } from '../../graph/fields.ts';
import { elementCount } from '../../graph/tensor.ts';
import type { SourceFile } from '../conversion.ts';
import type { NamedArray } from '../keras/arrays.ts';

type Json = Readonly<Record<string, unknown>>;

/** Bytes of an element as it is stored. */
const WIDTHS: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** @throws RivuletError `invalid-file`, `unsupported-format` */
export function readManifest(manifest: unknown, files: readonly SourceFile[]): readonly NamedArray[] {
  return list(manifest, 'weightsManifest').flatMap((value) => {
    const group = object(value, 'weightsManifest: a group');
    const bytes = joinShards(list(group.paths, 'paths'), files);
    return readGroup(list(group.weights, 'weights'), bytes);
  });
}

/** A path names a file by its last part; it is not followed. */
function joinShards(paths: readonly unknown[], files: readonly SourceFile[]): Uint8Array {
  const shards = paths.map((path) => {
    const name = typeof path === 'string' ? baseName(path) : '';
    const shard = files.find((file) => baseName(file.name) === name);
    if (shard && name !== '') return shard.bytes;
    throw new RivuletError(
      'invalid-file',
      `model.json names the shard ${describe(path)}; give it among the files, under its name`,
    );
  });
  if (shards.length === 1) return shards[0]!;
  const size = shards.reduce((sum, { length }) => sum + length, 0);
  if (size > files.reduce((sum, { bytes }) => sum + bytes.length, 0))
    throw new RivuletError('invalid-file', 'model.json names a shard twice');
  const joined = new Uint8Array(size);
  let at = 0;
  for (const shard of shards) {
    joined.set(shard, at);
    at += shard.length;
  }
  return joined;
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function readGroup(weights: readonly unknown[], bytes: Uint8Array): readonly NamedArray[] {
  let at = 0;
  const arrays = weights.map((value) => {
    const weight = parseWeight(object(value, 'a weight of the manifest'));
    const start = at;
    at += weight.count * weight.width;
    if (at > bytes.length) {
      throw new RivuletError(
        'invalid-file',
        `weight ${show(weight.name)} ends at byte ${at} of its shards, which have ${bytes.length}`,
      );
    }
    const { name, shape } = weight;
    return {
      name,
      shape,
      read: () => readWeight(weight, bytes.subarray(start, start + weight.count * weight.width)),
    };
  });
  if (at === bytes.length) return arrays;
  throw new RivuletError(
    'invalid-file',
    `model.json names ${at} bytes of weights, but their shards have ${bytes.length}`,
  );
}

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  /** Of an element, as it is stored. */
  readonly width: number;
  readonly dtype: string;
  /** Stored as `dtype`, times scale, plus min. */
  readonly scale: number;
  readonly min: number;
}

function parseWeight(fields: Json): Weight {
  const { name, shape, dtype } = fields;
  if (typeof name !== 'string' || name === '') throw new RivuletError('invalid-file', 'a weight has no name');
  const count = Array.isArray(shape) ? elementCount(shape) : undefined;
  if (count === undefined)
    throw new RivuletError('invalid-file', `weight ${show(name)}: its shape is ${describe(shape)}`);
  const quantization = fields.quantization === undefined ? undefined : object(fields.quantization, name);
  const stored = quantization?.dtype ?? dtype;
  if (typeof stored !== 'string' || !Object.hasOwn(WIDTHS, stored)) {
    throw new RivuletError(
      'unsupported-format',
      `weight ${show(name)} is stored as ${describe(stored)}; supported are ${Object.keys(WIDTHS).join(', ')}`,
    );
  }
  const { scale = 1, min = 0 } = stored === 'float16' ? {} : (quantization ?? {});
  if (!Number.isFinite(scale) || !Number.isFinite(min))
    throw new RivuletError('invalid-file', `weight ${show(name)}: its quantization has no scale or no min`);
  return {
    name,
    shape: shape as readonly number[],
    count,
    width: WIDTHS[stored]!,
    dtype: quantization && dtype === 'float32' ? stored : String(dtype),
    scale: scale as number,
    min: min as number,
  };
}

/** As TF.js does: in double precision, then rounded. */
function readWeight({ name, dtype, count, width, scale, min }: Weight, bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset } = bytes;
  if (dtype === 'float32' && byteOffset % 4 === 0) return new Float32Array(buffer, byteOffset, count);
  const view = new DataView(buffer, byteOffset, count * width);
  const fill = (read: (at: number) => number) =>
    Float32Array.from({ length: count }, (_, i) => read(i * width));
  if (dtype === 'float32') return fill((at) => view.getFloat32(at, true));
  if (dtype === 'float16') return fill((at) => expandFloat16(view.getUint16(at, true)));
  if (dtype === 'uint8') return fill((at) => view.getUint8(at) * scale + min);
  if (dtype === 'uint16') return fill((at) => view.getUint16(at, true) * scale + min);
  throw new RivuletError(
    'unsupported-format',
    `weight ${show(name)} is ${dtype}; supported are float32, and float32 quantized to uint8, uint16 or float16`,
  );
}

function object(value: unknown, place: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new RivuletError('invalid-file', `${place}: expected an object, got ${describe(value)}`);
}

function list(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RivuletError('invalid-file', `${place}: expected an array, got ${describe(value)}`);
}
