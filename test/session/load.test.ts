import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, loadModelSync, type ModelSource } from '../../src/session/load.ts';
import { Model } from '../../src/session/model.ts';
import { quantize } from '../../src/session/quantize.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';

const definition = {
  ...randomModel({ cell: 'lstm', input: 4, hidden: 70, depth: 2, output: 3, seed: 1 }),
  metadata: { training: '{"loss":1}' },
};
const runtime = testRuntime();
const original = new Model(runtime, definition);
const bytes = original.toBytes();
const folder = mkdtempSync(join(tmpdir(), 'rivulet-load-'));
const file = join(folder, 'model.safetensors');
const x = new Float32Array([1, 2, 3, 4]);
const y = original.createSession().step(x);
let server: Server;

beforeAll(async () => {
  writeFileSync(file, bytes);
  server = createServer((_, response) => response.setHeader('content-length', bytes.length).end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function stream(): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 777));
      at += 777;
    },
  });
}

const sources: readonly [string, () => ModelSource][] = [
  ['a path', () => file],
  ['a file URL', () => pathToFileURL(file)],
  ['a file URL as text', () => pathToFileURL(file).href],
  ['an http URL', () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`],
  ['a Response', () => new Response(bytes.slice())],
  ['a Blob', () => new Blob([bytes.slice()])],
  ['an ArrayBuffer', () => bytes.slice().buffer as ArrayBuffer],
  ['bytes at an odd offset', () => new Uint8Array([0, 0, 0, ...bytes]).subarray(3)],
  ['a stream', stream],
  ['a definition', () => definition],
];

describe('loadModel from', () => {
  it.each(sources)('%s', async (_, source) => {
    const seen: number[] = [];
    using model = await loadModel(source(), { runtime, onProgress: ({ loaded }) => seen.push(loaded) });
    expect(model.createSession().step(x)).toEqual(y);
    expect(model.fingerprint).toEqual(original.fingerprint);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    if (seen.length > 0) expect(seen.at(-1)).toBe(bytes.length);
  });
});

describe('a model', () => {
  it('round-trips to the same bytes', () => {
    const model = loadModelSync(bytes, { runtime });
    expect(model.toBytes()).toEqual(bytes);
    expect(model.metadata).toEqual({ training: '{"loss":1}' });
    const { model: int8 } = quantize(model, { weights: 'int8' });
    const again = loadModelSync(int8.toBytes(), { runtime });
    expect(again.toBytes()).toEqual(int8.toBytes());
    expect(again.createSession().step(x)).toEqual(int8.createSession().step(x));
  });

  it('describes itself', () => {
    expect(original.inputs).toEqual([{ name: 'input', kind: 'features', size: 4 }]);
    expect(original.outputs).toEqual([{ name: 'output', kind: 'features', size: 3 }]);
    expect(
      original.layers.map(({ type, size, parameters, weights }) => [type, size, parameters, weights]),
    ).toEqual([
      ['lstm', 70, 4 * 70 * (4 + 70 + 2), 'float32'],
      ['lstm', 70, 4 * 70 * (70 + 70 + 2), 'float32'],
      ['dense', 3, 3 * 71, 'float32'],
    ]);
  });

  it('has a fingerprint of its shape and one of its weights', () => {
    const { model: int8 } = quantize(original, { weights: 'int8' });
    expect(int8.fingerprint.shape).toBe(original.fingerprint.shape);
    expect(int8.fingerprint.weights).not.toBe(original.fingerprint.weights);
    const other = new Model(
      runtime,
      randomModel({ cell: 'lstm', input: 4, hidden: 71, depth: 2, output: 3, seed: 1 }),
    );
    expect(other.fingerprint.shape).not.toBe(original.fingerprint.shape);
    expect(original.fingerprint.shape).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('transform', () => {
  it('steps what flows through it', async () => {
    const session = original.createSession();
    const expected = Array.from({ length: 5 }, () => session.step(x));
    const outputs: Float32Array[] = [];
    const inputs = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 5; i++) controller.enqueue(x);
        controller.close();
      },
    });
    await inputs.pipeThrough(original.createSession().transform()).pipeTo(
      new WritableStream({
        write(output) {
          outputs.push(output);
        },
      }),
    );
    expect(outputs).toEqual(expected);
  });

  it('errors on what is refused, and the session goes on', async () => {
    const session = original.createSession();
    const { writable, readable } = session.transform();
    const reading = readable.getReader().read();
    const writing = writable.getWriter().write(new Float32Array(3));
    await expect(reading).rejects.toMatchObject({ code: 'wrong-length' });
    await expect(writing).rejects.toMatchObject({ code: 'wrong-length' });
    expect(session.step(x)).toEqual(y);
  });
});
