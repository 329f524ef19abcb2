/** The file of an adapter. */
import { describe, expect, it } from 'vitest';
import type { Adapter } from '../../src/adapters/adapter.ts';
import { loadAdapter } from '../../src/adapters/load.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import { refusalText } from '../formats/refusals.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';
import { randomAdapter } from './random.ts';

const model = new Model(
  testRuntime(),
  randomModel({ cell: 'gru-before', input: 5, hidden: 9, depth: 1, output: 4, seed: 2 }),
  { rank: 3 },
);
const adapter = randomAdapter(model, { rank: 3, alpha: 4.5 }, 1);
const bytes = adapter.toBytes();

/** The same tensors with other metadata. */
function withMetadata(change: (metadata: Record<string, string>) => Record<string, string>): Uint8Array {
  const { tensors, metadata } = parseSafetensors(bytes);
  return serializeSafetensors(tensors, change(metadata));
}

function facts({ rank, alpha, base, layers, factors, parameterCount }: Adapter) {
  return { rank, alpha, base, layers, factors: [...factors].sort(), parameterCount };
}

describe('an adapter file', () => {
  it('gives the adapter again, and the same bytes', () => {
    const loaded = loadAdapter(bytes);
    expect(facts(loaded)).toEqual(facts(adapter));
    expect(loaded.toBytes()).toEqual(bytes);
    expect(bytes).toEqual(adapter.toBytes());
    const x = new Random(3).gaussians(5);
    const step = (each: Adapter) => model.createSession({ adapter: each }).step(x);
    expect(step(loaded)).toEqual(step(adapter));
  });

  it('is safetensors that any reader opens, and says what it is', () => {
    const { tensors, metadata } = parseSafetensors(bytes);
    expect(metadata.format).toBe('rivulet-adapter/1');
    expect(JSON.parse(metadata.adapter!)).toEqual({
      base: model.fingerprint,
      rank: 3,
      alpha: 4.5,
      layers: ['rnn.l0', 'head'],
    });
    expect(tensors.get('rnn.weight_hh_l0.lora_A')?.shape).toEqual([3, 9]);
    expect(tensors.get('rnn.weight_hh_l0.lora_B')?.shape).toEqual([27, 3]);
    expect(adapter.parameterCount).toBe(3 * (5 + 27 + 9 + 27 + 9 + 4));
  });

  it('does not change with the bytes that it was read from', () => {
    const copy = bytes.slice();
    const loaded = loadAdapter(copy);
    copy.fill(0);
    expect(facts(loaded)).toEqual(facts(adapter));
  });
});

describe('is refused:', () => {
  it('every byte that is another, and every end that is missing', () => {
    const random = new Random(4);
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = bytes.slice();
      damaged[at] = damaged[at]! ^ (1 << random.integer(0, 8));
      expect(
        refusalText(() => loadAdapter(damaged)),
        `byte ${at}`,
      ).toMatch(/^invalid-adapter: /);
      expect(
        refusalText(() => loadAdapter(bytes.slice(0, at))),
        `${at} bytes`,
      ).toMatch(/^invalid-adapter: /);
    }
  });

  it.each([
    ['a model', () => model.toBytes(), /none that an adapter was written to/],
    [
      'another version',
      () => withMetadata((m) => ({ ...m, format: 'rivulet-adapter/2' })),
      /"rivulet-adapter\/2"/,
    ],
    [
      'an edited record',
      () => withMetadata((m) => ({ ...m, adapter: m.adapter!.replace('4.5', '9') })),
      /checksum/,
    ],
    ['text', () => new TextEncoder().encode('an adapter'), /cannot be read/],
  ] as const)('%s', (_, make, reason) => {
    expect(() => loadAdapter(make())).toThrow(expect.objectContaining({ code: 'invalid-adapter' }));
    expect(() => loadAdapter(make())).toThrow(reason);
  });

  it('no bytes', () => {
    expect(() => loadAdapter('adapter.safetensors' as never)).toThrow(
      /Uint8Array, got "adapter.safetensors"/,
    );
  });

  const a = { dtype: 'F32', shape: [3, 2], data: new Float32Array(6) } as const;
  const b = { dtype: 'F32', shape: [4, 3], data: new Float32Array(12) } as const;
  const record = {
    base: { shape: '0'.repeat(16), weights: 'f'.repeat(16) },
    rank: 3,
    alpha: 1,
    layers: ['x'],
  };

  it('with a right checksum: not what is right in itself', () => {
    expect(loadAdapter(sealed({ 'w.lora_A': a, 'w.lora_B': b }, record)).rank).toBe(3);
  });

  it.each([
    ['a factor alone', { 'w.lora_A': a }, {}, /"w.lora_B" must be F32 \[rows, 3\], got none/],
    ['another tensor', { 'w.lora_A': a, 'w.lora_B': b, bias: a }, {}, /3 tensors are not two factors/],
    ['no tensor', {}, {}, /0 tensors/],
    ['another rank', { 'w.lora_A': a, 'w.lora_B': b }, { rank: 2 }, /\[2, columns\], got F32 \[3,2\]/],
    ['no rank', { 'w.lora_A': a, 'w.lora_B': b }, { rank: 0 }, /rank/],
    ['alpha 0', { 'w.lora_A': a, 'w.lora_B': b }, { alpha: 0 }, /alpha/],
    [
      'a short fingerprint',
      { 'w.lora_A': a, 'w.lora_B': b },
      { base: { shape: '1', weights: '2' } },
      /16 hexadecimal/,
    ],
    ['a field that nobody knows', { 'w.lora_A': a, 'w.lora_B': b }, { bias: 1 }, /unknown field "bias"/],
    [
      'a factor of bytes',
      { 'w.lora_A': { dtype: 'I8', shape: [3, 2], data: new Int8Array(6) }, 'w.lora_B': b },
      {},
      /must be F32 \[3, columns\], got I8/,
    ],
    [
      'NaN',
      { 'w.lora_A': { ...a, data: Float32Array.of(0, 0, Number.NaN, 0, 0, 0) }, 'w.lora_B': b },
      {},
      /NaN at index 2/,
    ],
  ] as const)('with a right checksum: %s', (_, tensors, change, reason) => {
    const load = () => loadAdapter(sealed(tensors, { ...record, ...change }));
    expect(load).toThrow(expect.objectContaining({ code: 'invalid-adapter' }));
    expect(load).toThrow(reason);
  });
});

/** A file of these tensors, whose checksum is right. */
function sealed(tensors: Readonly<Record<string, Tensor>>, record: object): Uint8Array {
  const adapter = JSON.stringify(record);
  let hash = 0x811c9dc5n;
  const add = (part: Uint8Array) => {
    for (const byte of part) hash = BigInt.asUintN(32, (hash ^ BigInt(byte)) * 0x01000193n);
  };
  add(new TextEncoder().encode(adapter));
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name]!;
    add(new TextEncoder().encode(`${name} ${dtype} ${shape}`));
    add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const checksum = hash.toString(16).padStart(8, '0');
  return serializeSafetensors(new Map(Object.entries(tensors)), {
    format: 'rivulet-adapter/1',
    adapter,
    checksum,
  });
}
