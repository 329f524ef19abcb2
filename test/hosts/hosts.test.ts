// The same stream in every host, compared by SHA-256 of the outputs with the SIMD build in this Node.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as rivulet from '../../src/index.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { BUILDS } from '../runtime.ts';
import { hostCases, LSTM } from './cases.ts';
import { chromium } from './chromium.ts';
import { type Host, type OpenHost, wasmUrl } from './host.ts';
import { node24, thisNode } from './node.ts';
import { streamHash, streamOutputs } from './stream.ts';
import { wasmtime } from './wasmtime.ts';
import { workerd } from './workerd.ts';

const HOSTS: readonly Host[] = [thisNode, node24, workerd, chromium, wasmtime];

/** Where set, a host that is missing is a failure. */
const required = process.env.RIVULET_REQUIRE_HOSTS === '1';

const cases = hostCases();
const simd = new WebAssembly.Module(readFileSync(wasmUrl('simd')));
const expected: Record<string, string> = {};

beforeAll(async () => {
  for (const { name, model, inputs } of cases)
    expected[name] = await streamHash(rivulet, simd, model, inputs);
});

describe('the stream', () => {
  it('is that of the float64 reference', () => {
    const [{ model, inputs }] = cases as [(typeof cases)[number]];
    const outputs = streamOutputs(rivulet, simd, model, inputs);
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
    const result = await open.stream(build, cases);
    expect(result.engine).toMatch(host.engine);
    expect(result.build).toBe(build);
    expect(result.hashes).toEqual(expected);
  });
});
