import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/index.ts';
import { inOrderOf, runSequence, scaledDifference } from './run.ts';

/** TF.js computes in float32, as we do. */
const TOLERANCE = 1e-5;

interface Case {
  readonly name: string;
  readonly of: string;
  readonly timesteps: number;
  readonly topology: object;
  readonly weights: readonly object[];
  readonly data: string;
  readonly input: string;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly values: string }[];
}

const cases: readonly Case[] = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/tfjs.json.gz', import.meta.url))).toString(),
);

function floats(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function filesOf({ topology, weights, data }: Case) {
  const json = {
    format: 'layers-model',
    modelTopology: topology,
    weightsManifest: [{ paths: ['./a.bin'], weights }],
  };
  return [
    { name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(json)) },
    { name: 'weights/a.bin', bytes: new Uint8Array(Buffer.from(data, 'base64')) },
  ];
}

describe('layers of TF.js', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { definition, report } = await convert(filesOf(one));
    expect(report.format).toBe('tfjs');
    expect(report.parametersUsed).toBe(report.parametersFound);
    const outputs = [...runSequence(definition, floats(one.input), one.timesteps).values()];
    expect(outputs.length).toBe(one.outputs.length);
    one.outputs.forEach(({ values }, i) => {
      const found = inOrderOf(one.of, outputs[i]!, one.timesteps);
      expect(scaledDifference(found, floats(values))).toBeLessThanOrEqual(TOLERANCE);
    });
  });
});
