// The same stream in every host, compared by SHA-256 of the outputs with the SIMD build in this Node.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as rivulet from '../../src/index.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { BUILDS } from '../runtime.ts';
import { type HostCase, hostCases, LSTM, trainingCases } from './cases.ts';
import { chromium } from './chromium.ts';
import { type Host, type ModuleName, type OpenHost, wasmUrl } from './host.ts';
import { node24, thisNode } from './node.ts';
import { streamHash, streamOutputs } from './stream.ts';
import { wasmtime } from './wasmtime.ts';
import { workerd } from './workerd.ts';

const HOSTS: readonly Host[] = [thisNode, node24, workerd, chromium, wasmtime];

/** Where set, a host that is missing is a failure. */
const required = process.env.RIVULET_REQUIRE_HOSTS === '1';

const cases = hostCases();
const tuned = trainingCases();
const compiled = (module: ModuleName) => new WebAssembly.Module(readFileSync(wasmUrl(module)));

async function hashesOf(module: ModuleName, all: readonly HostCase[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const { name, model, inputs, epochs } of all)
    hashes[name] = await streamHash(rivulet, compiled(module), model, inputs, epochs);
  return hashes;
}

let expected: Record<string, string>;
let expectedTuned: Record<string, string>;

beforeAll(async () => {
  expected = await hashesOf('infer.simd', cases);
  expectedTuned = await hashesOf('train.simd', tuned);
});

describe('training', () => {
  it('changes what a model streams', async () => {
    const untuned = await hashesOf(
      'train.simd',
      tuned.map((each) => ({ ...each, epochs: 0 })),
    );
    for (const { name } of tuned) expect(expectedTuned[name]).not.toBe(untuned[name]);
  });
});

describe('the stream', () => {
  it('is that of the float64 reference', async () => {
    const [{ model, inputs }] = cases as [(typeof cases)[number]];
    const outputs = await streamOutputs(rivulet, compiled('infer.simd'), model, inputs);
    const reference = new ReferenceSession(LSTM);
    const width = LSTM.graph.inputs[0]!.size;
    const wanted: number[] = [];
    for (let at = 0; at < inputs.length; at += width) {
      wanted.push(...reference.step(inputs.subarray(at, at + width)));
    }
    expect(outputs.length).toBe(wanted.length);
    outputs.forEach((value, i) => {
      // Of a head over h, which is within 2e-6: 33 weights of at most 2 / sqrt(33).
      expect(Math.abs(value - wanted[i]!)).toBeLessThan(2e-5);
    });
  });
});

describe.for(HOSTS.map((host) => [host.name, host] as const))('%s', ([, host]) => {
  const missing = host.missing();
  let open: OpenHost | undefined;

  beforeAll(async () => {
    if (missing === undefined) open = await host.open();
  });
  afterAll(() => open?.close());

  it.for(BUILDS)('streams the bits of the SIMD build in this Node: %s build', async (build, { skip }) => {
    skip(missing !== undefined && !required, missing);
    if (open === undefined) throw new Error(`RIVULET_REQUIRE_HOSTS is set, and there is ${missing}`);
    const result = await open.stream(`infer.${build}`, cases);
    expect(result.engine).toMatch(host.engine);
    expect(result.build).toBe(build);
    expect(result.hashes).toEqual(expected);
  });

  if (!host.trains) return;
  it.for(BUILDS)('trains to the bits of this Node: %s build', async (build, { skip }) => {
    skip(missing !== undefined && !required, missing);
    const result = await open!.stream(`train.${build}`, tuned);
    expect(result.engine).toMatch(host.engine);
    expect(result.build).toBe(build);
    expect(result.hashes).toEqual(expectedTuned);
  });
});
