import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/index.ts';
import { unzip } from '../../../src/convert/zip.ts';
import { inOrderOf, runSequence, scaledDifference } from './run.ts';

/** Of float32 against float64. */
const TOLERANCE = 1e-5;

interface Case {
  readonly of: string;
  readonly timesteps: number;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly config?: string;
}

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
}

const cases: Readonly<Record<string, Case>> = JSON.parse(new TextDecoder().decode(fixture('h5.json')));

describe('files of Keras against their equations in float64', () => {
  it.each(Object.entries(cases))('%s', async (name, { of, timesteps, input, output, config }) => {
    const { definition, report } = await convert(fixture(name), config === undefined ? {} : { config });
    expect(report.format).toBe(name.endsWith('.keras') ? 'keras' : 'keras-h5');
    expect(report.parametersUsed).toBe(report.parametersFound);
    const [found] = runSequence(definition, Float32Array.from(input), timesteps).values();
    expect(scaledDifference(inOrderOf(of, found!, timesteps), output)).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe('weights of Keras 3 by themselves', () => {
  it('with the JSON of their model', async () => {
    const place = { place: 'the fixture', entries: 10, bytes: 1e6, wants: () => true };
    const files = unzip(fixture('keras3.keras'), place);
    const model = JSON.parse(new TextDecoder().decode(files.get('config.json')));
    const config = JSON.stringify({ ...model, keras_version: '3.3.3' });
    const { definition } = await convert(files.get('model.weights.h5')!, { config });
    const { input, output, timesteps } = cases['keras3.keras']!;
    const [found] = runSequence(definition, Float32Array.from(input), timesteps).values();
    expect(scaledDifference(found!, output)).toBeLessThanOrEqual(TOLERANCE);
  });
});
