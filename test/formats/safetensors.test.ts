import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { refuseForeign } from '../../src/formats/detect.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/graph/definition.ts';
import { fixture, float32, int8 } from './models.ts';
import { refusal, refusalText } from './refusals.ts';

/** A file of this header, as text, and so many bytes of data. */
function file(header: string | object, dataBytes = 0, prefix = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(prefix + 8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(prefix, BigInt(json.length), true);
  bytes.set(json, prefix + 8);
  for (let at = prefix + 8 + json.length; at < bytes.length; at++) bytes[at] = at;
  return bytes.subarray(prefix);
}

function f32(shape: readonly unknown[], begin: number, end: number): object {
  return { dtype: 'F32', shape, data_offsets: [begin, end] };
}

function parseText(header: string | object, dataBytes = 0): string {
  return refusalText(() => parseSafetensors(file(header, dataBytes)));
}

describe('reading what the reference implementation wrote', () => {
  const expected: Record<
    string,
    Record<string, { shape: number[]; first: number; sum: number }>
  > = JSON.parse(readFileSync(new URL('./fixtures/expected.json', import.meta.url), 'utf8'));
  const names = Object.keys(expected).filter((name) => name !== 'batch-norm');

  it.each(names)('%s: shapes and values are those that PyTorch saved', (name) => {
    const { tensors, metadata } = parseSafetensors(fixture(name));
    expect(metadata).toEqual({ format: 'pt' });
    const summary = Object.fromEntries(
      [...tensors].map(([key, { shape, data }]) => [
        key,
        { shape, first: data[0], sum: Array.from(data).reduce((sum, value) => sum + value, 0) },
      ]),
    );
    const rounded = Object.fromEntries(
      Object.entries(expected[name]!).map(([key, value]) => [
        key,
        { ...value, sum: expect.closeTo(value.sum, 12) },
      ]),
    );
    expect(summary).toEqual(rounded);
  });

  it.each([
    'half',
    'brain',
    'double',
  ])('%s: converted to float32 as tensor.float() does, bit for bit', (name) => {
    const { tensors } = parseSafetensors(fixture('dtypes'));
    const ours = tensors.get(name)!;
    const theirs = tensors.get(`${name}.float`)!;
    expect(ours.dtype).toBe('F32');
    expect(ours.data.length).toBeGreaterThan(8);
    const differing = Array.from(ours.data).findIndex((value, at) => !Object.is(value, theirs.data[at]));
    expect(differing).toBe(-1);
  });

  it('refuses other dtypes, naming the tensor and the conversion', () => {
    const text = refusalText(() => parseSafetensors(fixture('batch-norm')));
    expect(text).toMatch(
      /^unsupported-format: tensor "norm.num_batches_tracked" has dtype I64; .*tensor\.float\(\)/,
    );
  });
});

describe('memory', () => {
  const header = { a: f32([2], 0, 8), b: { dtype: 'I8', shape: [3], data_offsets: [8, 11] } };

  it('gives views where the data is aligned and copies where it is not', () => {
    const length = JSON.stringify(header).length;
    for (let prefix = 0; prefix < 8; prefix++) {
      const bytes = file(header, 11, prefix);
      const { tensors } = parseSafetensors(bytes);
      const a = tensors.get('a')!.data;
      const aligned = (prefix + 8 + length) % 4 === 0;
      expect(a.buffer === bytes.buffer, `prefix ${prefix}`).toBe(aligned);
      const start = 8 + length;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      expect([...a]).toEqual([view.getFloat32(start, true), view.getFloat32(start + 4, true)]);
      expect(tensors.get('b')!.data.buffer).toBe(bytes.buffer);
    }
  });

  it('reads a Buffer of Node that lies unaligned in its pool', () => {
    const bytes = serializeSafetensors(new Map([['a', float32([3])]]), {});
    const pool = Buffer.alloc(bytes.length + 1);
    pool.set(bytes, 1);
    expect(parseSafetensors(pool.subarray(1)).tensors).toEqual(parseSafetensors(bytes).tensors);
  });
});

describe('a file that is not sound', () => {
  it.each<[string, string | object, number, RegExp]>([
    ['no object', '[]', 0, /header: it must begin with \{/],
    ['a space before the object', ' {}', 0, /header: it must begin with \{/],
    ['no JSON', '{"a":', 0, /header: not JSON/],
    ['a tensor that is no object', { a: 3 }, 0, /tensor "a": expected an object, got 3/],
    [
      'an unknown dtype',
      { a: { dtype: 'F33', shape: [], data_offsets: [0, 0] } },
      0,
      /"a": unknown dtype "F33"/,
    ],
    [
      'a dtype of Object.prototype',
      { a: { dtype: 'toString', shape: [], data_offsets: [0, 0] } },
      0,
      /unknown dtype/,
    ],
    ['no dtype', { a: { shape: [], data_offsets: [0, 0] } }, 0, /field "dtype" must be a string/],
    [
      'no shape',
      { a: { dtype: 'F32', data_offsets: [0, 0] } },
      0,
      /field "shape" must be an array, got nothing/,
    ],
    ['an unknown field', { a: { ...f32([], 0, 4), stride: 1 } }, 4, /"a": unknown field "stride"/],
    ['a negative size', { a: f32([-1], 0, 4) }, 4, /"a": its shape must be non-negative integers/],
    ['a fraction', { a: f32([0.5], 0, 4) }, 4, /"a": its shape must be/],
    ['a string as size', { a: f32(['1'], 0, 4) }, 4, /"a": its shape must be/],
    [
      'a size that overflows',
      { a: f32([2 ** 40, 2 ** 40], 0, 0) },
      0,
      /"a": its shape must be .* below 2\^53/,
    ],
    [
      'a product that wraps to 0 in 64 bits',
      { a: f32([2 ** 32, 2 ** 32], 0, 0) },
      0,
      /"a": its shape must be/,
    ],
    [
      'a size that overflows before a 0',
      { a: f32([2 ** 40, 2 ** 40, 0], 0, 0) },
      0,
      /"a": its shape must be/,
    ],
    ['bytes that overflow', { a: f32([2 ** 51], 0, 8) }, 8, /"a": its shape must be/],
    [
      'more elements than bytes',
      { a: f32([2 ** 40], 0, 8) },
      8,
      /"a": F32 \[1099511627776\] needs 4398046511104 bytes/,
    ],
    ['offsets too large', { a: f32([2 ** 40], 0, 2 ** 42) }, 8, /"a": its data ends at 4398046511104/],
    [
      'offsets in reverse',
      { a: f32([1], 4, 0) },
      4,
      /"a": data_offsets must be \[begin, end\].*got \[4, 0\]/,
    ],
    [
      'three offsets',
      { a: { dtype: 'I8', shape: [1], data_offsets: [0, 1, 2] } },
      1,
      /"a": data_offsets must be/,
    ],
    [
      'hostile offsets',
      { a: { dtype: 'I8', shape: [1], data_offsets: [{ constructor: { name: { toString: 1 } } }, 1] } },
      1,
      /an object, 1/,
    ],
    ['a hole at the start', { a: f32([1], 4, 8) }, 8, /"a": its data begins at 4, which leaves a hole/],
    [
      'a hole',
      { a: f32([1], 0, 4), b: f32([1], 8, 12) },
      12,
      /"b": its data begins at 8, which leaves a hole/,
    ],
    ['an overlap', { a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8, /"b": its data begins at 4, which overlaps/],
    ['an empty tensor within another', { a: f32([2], 0, 8), b: f32([0], 4, 4) }, 8, /"b": .*overlaps/],
    ['bytes after the last tensor', { a: f32([1], 0, 4) }, 5, /the tensors take 4 bytes, but the file has 5/],
    ['bytes without tensors', {}, 1, /the tensors take 0 bytes, but the file has 1/],
    ['metadata that is no object', { __metadata__: 'x' }, 0, /__metadata__: expected an object, got "x"/],
    [
      'metadata that is no string',
      { __metadata__: { a: 1 } },
      0,
      /__metadata__: field "a" must be a string, got 1/,
    ],
    [
      'a tensor twice',
      '{"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}',
      0,
      /the same key twice/,
    ],
    [
      'a field twice',
      '{"a":{"dtype":"F32","dtype":"I8","shape":[0],"data_offsets":[0,0]}}',
      0,
      /the same key twice/,
    ],
  ])('%s', (_name, header, dataBytes, message) => {
    const text = parseText(header, dataBytes);
    expect(text).toMatch(/^invalid-file: /);
    expect(text).toMatch(message);
  });

  it('a header length beyond the file or the limit of the reference', () => {
    const bytes = file({});
    const length = new DataView(bytes.buffer);
    length.setBigUint64(0, 3n, true);
    expect(refusalText(() => parseSafetensors(bytes))).toMatch(
      /^invalid-file: header length: 3 bytes, but only 2 follow/,
    );
    length.setBigUint64(0, 100_000_001n, true);
    expect(refusalText(() => parseSafetensors(bytes))).toMatch(
      /^invalid-file: header length: 100000001 .* at most/,
    );
    length.setBigUint64(0, 2n ** 64n - 1n, true);
    expect(refusal(() => parseSafetensors(bytes)).code).toBe('invalid-file');
  });

  it('a header that is not UTF-8, or begins with a byte order mark', () => {
    const bytes = file('{"é":0}');
    bytes[8 + 3] = 0xff;
    expect(refusalText(() => parseSafetensors(bytes))).toMatch(/^invalid-file: header: not JSON in UTF-8/);
    expect(parseText('\ufeff{}')).toMatch(/must begin with/);
  });

  it('JSON of any depth', () => {
    const depth = 200_000;
    const text = parseText(`{"a":${'[{"b":'.repeat(depth)}1${'}]'.repeat(depth)}}`);
    expect(text).toMatch(/^invalid-file: /);
  });

  it('colons, quotes and escapes in names are no duplicate keys', () => {
    const tensors = new Map<string, Tensor>([
      ['a":{"b', int8([1])],
      ['\\', int8([1])],
      [':\\":', int8([1])],
    ]);
    const metadata = { 'k"e:y\\': '{"graph":"\\"a\\":1"}' };
    const parsed = parseSafetensors(serializeSafetensors(tensors, metadata));
    expect([...parsed.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    expect(parsed.metadata).toEqual(metadata);
  });

  it('something else than bytes', () => {
    const buffer = new ArrayBuffer(16) as unknown as Uint8Array;
    expect(refusalText(() => parseSafetensors(buffer))).toMatch(/^invalid-argument: .* got ArrayBuffer/);
  });
});

describe('writing', () => {
  const tensors = new Map<string, Tensor>([
    ['7', int8([3])],
    ['__proto__', float32([2, 2])],
    ['b', float32([])],
    ['a', float32([0, 5])],
    ['constructor', int8([1, 1])],
  ]);
  const metadata = Object.fromEntries([
    ['z', '1'],
    ['__proto__', 'é😀\ud800'],
    ['1', ''],
  ]);

  it('reads back what it wrote, names of Object.prototype included', () => {
    const bytes = serializeSafetensors(tensors, metadata);
    const parsed = parseSafetensors(bytes);
    expect(new Map([...parsed.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(Object.entries(parsed.metadata).sort()).toEqual(Object.entries(metadata).sort());
    expect(Object.getPrototypeOf(parsed.metadata)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).z).toBeUndefined();
    expect(serializeSafetensors(parsed.tensors, parsed.metadata)).toEqual(bytes);
  });

  it('aligns the data by 8 and every F32 tensor by 4, so that reading copies none', () => {
    for (let length = 1; length < 9; length++) {
      const bytes = serializeSafetensors(new Map([...tensors, ['n'.repeat(length), float32([length])]]), {});
      expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      for (const { data } of parseSafetensors(bytes).tensors.values()) expect(data.buffer).toBe(bytes.buffer);
    }
  });

  it('does not depend on the order in which tensors and metadata came', () => {
    const reversed = new Map([...tensors].reverse());
    const reversedMetadata = Object.fromEntries(Object.entries(metadata).reverse());
    expect(serializeSafetensors(reversed, reversedMetadata)).toEqual(serializeSafetensors(tensors, metadata));
  });

  it.each([
    'rnn-tanh',
    'language-model',
    'gru',
    'quantized',
  ])('%s: orders tensors as the reference implementation does', (name) => {
    const bytes = fixture(name);
    const { tensors: parsed, metadata: own } = parseSafetensors(bytes);
    expect(serializeSafetensors(parsed, own)).toEqual(new Uint8Array(bytes));
  });

  it('refuses what would not read back', () => {
    const write = (name: string, tensor: Tensor) =>
      refusalText(() => serializeSafetensors(new Map([[name, tensor]]), {}));
    expect(write('__metadata__', int8([1]))).toMatch(/^invalid-argument: /);
    expect(write('a', { ...int8([3]), shape: [2] } as Tensor)).toMatch(
      /^wrong-shape: tensor "a": its shape \[2\] .* 3 elements/,
    );
    const metadataOfNumber = { a: 1 } as unknown as Record<string, string>;
    expect(refusalText(() => serializeSafetensors(new Map(), metadataOfNumber))).toMatch(
      /^invalid-argument: metadata "a"/,
    );
  });
});

describe('without the Encoding API, as in an AudioWorklet', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('reads and writes the same', () => {
    const tensors = new Map([['é😀~%', float32([2])]]);
    const metadata = { ß: '\u0000\ud800' };
    const bytes = serializeSafetensors(tensors, metadata);
    vi.stubGlobal('TextDecoder', undefined);
    vi.stubGlobal('TextEncoder', undefined);
    expect(serializeSafetensors(tensors, metadata)).toEqual(bytes);
    expect(parseSafetensors(bytes)).toEqual({ tensors, metadata });
    const broken = bytes.slice();
    broken[broken.indexOf(0xc3)] = 0xff;
    expect(refusal(() => parseSafetensors(broken)).code).toBe('invalid-file');
  });
});

describe('files of other kinds', () => {
  const zip = (entry: string) =>
    Buffer.concat([
      Buffer.from('PK\x03\x04'),
      Buffer.alloc(22),
      Buffer.from([entry.length, 0, 0, 0]),
      Buffer.from(entry),
    ]);

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /empty/],
    [
      'PyTorch',
      zip('archive/data.pkl'),
      /PyTorch file.*python -c "import torch, safetensors\.torch as s; s\.save_file\(.*torch\.load\('model\.pt'.*'model\.safetensors'\)"/s,
    ],
    ['PyTorch before 1.6', Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'), /pickle.*python -c/s],
    ['NumPy archive', zip('arr_0.npy'), /NumPy/],
    ['Keras', zip('metadata.json'), /Keras.*; convert it: rivulet convert FILE -o model\.safetensors$/],
    ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /HDF5.*rivulet convert/],
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex'), /gzip/],
    ['ONNX', Buffer.from('\x08\x08\x12\x07pytorch'), /ONNX.*rivulet convert/],
    ['TensorFlow Lite', Buffer.from('\x1c\0\0\0TFL3'), /TensorFlow Lite.*rivulet convert/],
    ['Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/],
    ['HTML', Buffer.from('\n<!DOCTYPE html><html>'), /HTML/],
    ['JSON', Buffer.from('{"format":"layers-model"}'), /JSON.*rivulet convert/],
  ])('%s is recognised', (_name, bytes, message) => {
    const text = refusalText(() => refuseForeign(bytes));
    expect(text).toMatch(/^unsupported-format: this file is /);
    expect(text).toMatch(message);
  });

  it('a header length that begins like a pickle or a gzip file is no reason to refuse', () => {
    for (const length of [0x0280, 0x8b1f, 0x0708]) {
      const bytes = file(`{}${' '.repeat(length - 2)}`);
      expect(bytes[0]).toBe(length & 0xff);
      expect(() => refuseForeign(bytes)).not.toThrow();
    }
  });
});
