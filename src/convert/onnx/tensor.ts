/** A TensorProto to a constant. Nothing is allocated before the file is seen to hold as many bytes. */
import { PbfReader } from 'pbf';
import { show } from '../../errors.ts';
import { expandFloat16 } from '../../formats/safetensors.ts';
import { elementCount, formatShape } from '../../graph/tensor.ts';
import type { TensorProto } from './proto.ts';
import { invalid, unsupported } from './refuse.ts';
import type { Constant, ElementType, Numbers } from './value.ts';

interface Kind {
  readonly type: ElementType;
  readonly bytes: number;
  make(count: number): Numbers;
  /** One element of raw_data. */
  get(view: DataView, at: number): number;
  /** Its numbers are not the file's bytes; what stands for it where the file has an integer. */
  readonly decode?: (integer: number) => number;
}

const KINDS: Readonly<Record<number, Kind>> = {
  1: {
    type: 'float',
    bytes: 4,
    make: (n) => new Float32Array(n),
    get: (view, at) => view.getFloat32(at, true),
  },
  2: { type: 'uint8', bytes: 1, make: (n) => new Uint8Array(n), get: (view, at) => view.getUint8(at) },
  3: { type: 'int8', bytes: 1, make: (n) => new Int8Array(n), get: (view, at) => view.getInt8(at) },
  4: {
    type: 'uint16',
    bytes: 2,
    make: (n) => new Uint16Array(n),
    get: (view, at) => view.getUint16(at, true),
  },
  5: { type: 'int16', bytes: 2, make: (n) => new Int16Array(n), get: (view, at) => view.getInt16(at, true) },
  6: { type: 'int32', bytes: 4, make: (n) => new Int32Array(n), get: (view, at) => view.getInt32(at, true) },
  7: {
    type: 'int64',
    bytes: 8,
    make: (n) => new Float64Array(n),
    get: (view, at) => Number(view.getBigInt64(at, true)),
    decode: (integer) => integer,
  },
  9: { type: 'bool', bytes: 1, make: (n) => new Uint8Array(n), get: (view, at) => view.getUint8(at) },
  10: {
    type: 'float16',
    bytes: 2,
    make: (n) => new Float32Array(n),
    get: (view, at) => expandFloat16(view.getUint16(at, true)),
    decode: expandFloat16,
  },
  11: {
    type: 'double',
    bytes: 8,
    make: (n) => new Float64Array(n),
    get: (view, at) => view.getFloat64(at, true),
  },
};

export const TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'undefined',
  8: 'string',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  21: 'uint4',
  22: 'int4',
  ...Object.fromEntries(Object.entries(KINDS).map(([code, { type }]) => [code, type])),
};

export function kindOfType(code: number): Kind | undefined {
  return KINDS[code];
}

/** An empty list of numbers of a type. */
export function numbersOf(type: ElementType, count: number): Numbers {
  return Object.values(KINDS)
    .find((kind) => kind.type === type)!
    .make(count);
}

/**
 * @param name what the constant is called
 * @param place what messages call it: `onnx: initializer "W"`
 * @throws RivuletError `invalid-file`, `unsupported-operator` (its type)
 */
export function constantOf(proto: TensorProto, name: string, place: string): Constant {
  if (proto.external)
    throw invalid(place, 'its data is in another file, and no path is followed; save the model as one file');
  const kind = KINDS[proto.dataType];
  if (kind === undefined) {
    const type = TYPE_NAMES[proto.dataType] ?? String(proto.dataType);
    const known = Object.values(KINDS).map((each) => each.type);
    throw unsupported(place, `its type is ${type}; supported are ${known.join(', ')}`);
  }
  const count = elementCount(proto.dims);
  if (count === undefined) throw invalid(place, `its shape ${formatShape(proto.dims)} is none`);
  return {
    kind: 'constant',
    name,
    type: kind.type,
    shape: proto.dims,
    data: dataOf(proto, kind, count, place),
    origins: new Set([name]),
  };
}

function dataOf(proto: TensorProto, kind: Kind, count: number, place: string): Numbers {
  if (proto.raw) return fixed([proto.raw], kind, count, place);
  if (proto.floats.length > 0) return fixed(proto.floats, expect(kind, 1, 'float_data', place), count, place);
  if (proto.doubles.length > 0)
    return fixed(proto.doubles, expect(kind, 11, 'double_data', place), count, place);
  return varints(proto.varints, kind, count, place);
}

function expect(kind: Kind, code: number, field: string, place: string): Kind {
  if (KINDS[code] === kind) return kind;
  throw invalid(place, `it is of type ${kind.type}, but has ${show(field)}`);
}

/** Numbers of a fixed number of bytes, in one chunk or many: a view of the file where it is aligned. */
function fixed(chunks: readonly Uint8Array[], kind: Kind, count: number, place: string): Numbers {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  if (bytes !== count * kind.bytes)
    throw invalid(
      place,
      `its ${count} elements of type ${kind.type} need ${count * kind.bytes} bytes, but it has ${bytes}`,
    );
  const [chunk] = chunks;
  if (chunk && chunks.length === 1 && !kind.decode) return viewOrCopy(chunk, kind, count);
  const data = kind.make(count);
  let element = 0;
  for (const { buffer, byteOffset, byteLength } of chunks) {
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let at = 0; at + kind.bytes <= byteLength; at += kind.bytes) data[element++] = kind.get(view, at);
  }
  return data;
}

/** The host is little-endian, as WebAssembly and ONNX are. */
function viewOrCopy(chunk: Uint8Array, kind: Kind, count: number): Numbers {
  const data = kind.make(0);
  const List = data.constructor as new (buffer: ArrayBufferLike, offset?: number, length?: number) => Numbers;
  if (chunk.byteOffset % kind.bytes === 0) return new List(chunk.buffer, chunk.byteOffset, count);
  return new List(chunk.slice().buffer);
}

function varints(chunks: readonly Uint8Array[], kind: Kind, count: number, place: string): Numbers {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  if (count > bytes) throw invalid(place, `it has ${count} elements of type ${kind.type} in ${bytes} bytes`);
  const data = kind.make(count);
  let element = 0;
  for (const chunk of chunks) {
    const pbf = new PbfReader(chunk);
    while (pbf.pos < chunk.length) {
      const integer = readVarint(pbf, place);
      data[element++] = kind.decode ? kind.decode(integer) : integer;
    }
    if (pbf.pos > chunk.length) throw invalid(place, 'its last integer is cut off');
  }
  if (element !== count) throw invalid(place, `its shape has ${count} elements, its data ${element}`);
  return data;
}

function readVarint(pbf: PbfReader, place: string): number {
  try {
    return pbf.readVarint(true);
  } catch (cause) {
    throw invalid(place, `an integer of its data is damaged: ${(cause as Error).message}`);
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The nearest float16, halves to even; what is beyond its range is infinite. */
export function roundToFloat16(x: number): number {
  scratch.setFloat64(0, x);
  const exponent = ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
  // 11 bits of a normal number, multiples of 2⁻²⁴ below 2⁻¹⁴.
  const step = 2 ** (Math.max(exponent, -14) - 10);
  const rounded = roundHalfToEven(x / step) * step;
  return Math.abs(rounded) > 65504 ? Math.sign(x) * Infinity : rounded;
}

/** To an integer. */
export function roundHalfToEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
