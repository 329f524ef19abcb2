import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { serializeModel } from '../../src/formats/model-file.ts';
import { randomModel } from '../reference/models.ts';
import { int8 } from './cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'rivulet-allocation-'));
const child = fileURLToPath(new URL('allocation.child.mjs', import.meta.url));
const wasm = fileURLToPath(new URL('../../dist/wasm/infer.simd.wasm', import.meta.url));
afterAll(() => rmSync(folder, { recursive: true }));

const models = {
  'lstm float32': randomModel({ cell: 'lstm', input: 16, hidden: 16, depth: 1, seed: 1 }),
  'gru int8': int8(randomModel({ cell: 'gru-after', input: 7, hidden: 33, depth: 2, output: 65, seed: 2 })),
  'lstm of tokens int8': int8(
    randomModel({ cell: 'lstm', input: 8, hidden: 16, depth: 1, vocabulary: 20, output: 20, seed: 3 }),
  ),
};

function measure(
  name: keyof typeof models,
  ...more: string[]
): { bytesPerStep: number; grown: number; sink: boolean } {
  const file = join(folder, `${name}.safetensors`);
  writeFileSync(file, serializeModel(models[name]));
  const flags = ['--max-semi-space-size=128', '--min-semi-space-size=128', '--expose-gc'];
  return JSON.parse(
    execFileSync(process.execPath, [...flags, child, file, wasm, ...more], { encoding: 'utf8' }),
  );
}

describe('a million steps with out', { timeout: 120_000 }, () => {
  it.each(Object.keys(models) as (keyof typeof models)[])('allocate nothing: %s', (name) => {
    const { bytesPerStep, grown } = measure(name);
    expect(bytesPerStep).toBeLessThan(0.5);
    expect(grown).toBe(0);
  });

  it('are seen to allocate where each makes one small object', () => {
    const { bytesPerStep, sink } = measure('lstm float32', 'inject');
    expect(sink).toBe(true);
    expect(bytesPerStep).toBeGreaterThanOrEqual(12);
  });
});
