import { readFileSync } from 'node:fs';
import { createRuntimeSync } from '../src/runtime/create.ts';
import type { Runtime } from '../src/runtime/runtime.ts';

export const BUILDS = ['simd', 'scalar'] as const;

const modules = new Map<string, WebAssembly.Module>();

/** A fresh runtime of a build that `npm run build` made. */
export function testRuntime(build: (typeof BUILDS)[number] = 'simd'): Runtime {
  let module = modules.get(build);
  if (!module) {
    module = new WebAssembly.Module(
      readFileSync(new URL(`../dist/wasm/infer.${build}.wasm`, import.meta.url)),
    );
    modules.set(build, module);
  }
  return createRuntimeSync(module);
}
