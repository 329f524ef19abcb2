/** A file of 10 MB is imported within 2 s, and the process grows by no more than 4 times its size, file included. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SourceFile } from '../../../src/convert/conversion.ts';
import { largeOnnx, largeSafetensors } from './large-files.ts';

const LARGE: readonly (readonly [format: string, small: string, make: () => SourceFile])[] = [
  ['safetensors', 'test/formats/fixtures/gru.safetensors', largeSafetensors],
  ['ONNX', 'test/convert/onnx/recurrent/pytorch-rnn-2.onnx', largeOnnx],
  ['HDF5', 'test/convert/keras/fixtures/keras2.h5', largeHdf5],
];

const folder = mkdtempSync(join(tmpdir(), 'rivulet-size-'));
const child = join(folder, 'child.mjs');

function largeHdf5(): SourceFile {
  const packed = readFileSync(new URL('./large.h5.gz', import.meta.url));
  return { name: 'large.h5', bytes: gunzipSync(packed) };
}

beforeAll(async () => {
  await build({
    entryPoints: ['test/convert/size/import.child.ts'],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { fflate: './node_modules/fflate/esm/browser.js' },
    logLevel: 'error',
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

it.each(LARGE)('%s', (_, small, make) => {
  const { name, bytes } = make();
  const path = join(folder, name);
  writeFileSync(path, bytes);
  expect(bytes.length).toBeGreaterThan(9_900_000);
  const told = JSON.parse(execFileSync(process.execPath, [child, path, small], { encoding: 'utf8' }));
  console.log(`${name}: ${JSON.stringify(told)}`);
  expect(told.parameters).toBeGreaterThan(2_500_000);
  expect(told.milliseconds).toBeLessThan(2000);
  expect(told.grown).toBeLessThanOrEqual(4 * bytes.length);
});
