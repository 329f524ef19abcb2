import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OpCode } from '../../assembly/shared/codes.ts';
import { Header, OpEntry, PlanFormat } from '../../assembly/shared/plan.ts';
import { loadModelSync } from '../../src/session/load.ts';
import type { Model } from '../../src/session/model.ts';
import { BUILDS, testRuntime } from '../runtime.ts';

describe.each(BUILDS)('the %s build', (build) => {
  it.each([
    ['infer', 40],
    ['train', 96],
  ])('of %s imports nothing and has at most %d KB', (name, kilobytes) => {
    const bytes = readFileSync(new URL(`../../dist/wasm/${name}.${build}.wasm`, import.meta.url));
    const module = new WebAssembly.Module(bytes);
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(bytes.length).toBeLessThanOrEqual(kilobytes * 1024);
  });

  it('says which build it is', () => {
    expect(testRuntime(build).build).toBe(build);
  });
});

describe('models/char-lm', () => {
  const read = (file: string) => readFileSync(new URL(`../../models/char-lm/${file}`, import.meta.url));
  const float32 = read('model.safetensors');
  const int8 = read('model.int8.safetensors');

  it('has at most a million parameters', () => {
    const model = loadModelSync(float32, { runtime: testRuntime() });
    expect(model.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBeLessThanOrEqual(1_000_000);
  });

  it('takes at most 30 % of its bytes in int8', () => {
    expect(int8.length / float32.length).toBeLessThanOrEqual(0.3);
  });

  it('runs the int8 kernel where its weights are int8, and only there', () => {
    const runtime = testRuntime();
    const products = (bytes: Uint8Array) => codes(loadModelSync(bytes, { runtime })).filter(isProduct);
    expect(products(float32)).toEqual([OpCode.MatvecF32, OpCode.MatvecF32, OpCode.MatvecF32]);
    expect(products(int8)).toEqual([OpCode.MatvecInt8, OpCode.MatvecInt8, OpCode.MatvecInt8]);
  });
});

function isProduct(code: number): boolean {
  return code === OpCode.MatvecF32 || code === OpCode.MatvecInt8;
}

/** The op codes of a model's plan, as they lie in linear memory. */
function codes({ plan, runtime }: Model): number[] {
  const word = (at: number) => runtime.words[at >> 2]!;
  const ops = plan.address + word(plan.address + Header.Ops + 4);
  const count = word(plan.address + Header.Ops);
  return Array.from({ length: count }, (_, i) => word(ops + i * PlanFormat.OpBytes + OpEntry.Code));
}
