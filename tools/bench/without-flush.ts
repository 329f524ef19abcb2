import { createRuntime, type Runtime } from '../../src/index.ts';
import { ROOT } from './root.ts';

type Compile = (
  entry: string,
  target: string,
  edit: (source: string, path: string) => string,
) => Promise<Uint8Array<ArrayBuffer>>;

const THRESHOLD = 'SMALLEST: f32 = 1e-20';

/** The SIMD build with states left as they are, denormal or not: what the check of denormals must refuse. */
export async function runtimeWithoutFlush(): Promise<Runtime> {
  // Not by a static import: the compiler's module runs as a program where it is bundled into one.
  const { compile } = (await import(new URL('tools/build/wasm.mjs', ROOT).href)) as { compile: Compile };
  let edited = false;
  const wasm = await compile('assembly/infer.ts', 'simd', (source, path) => {
    if (!path.endsWith('activation/flush.ts')) return source;
    edited = source.includes(THRESHOLD);
    return source.replace(THRESHOLD, 'SMALLEST: f32 = 0');
  });
  if (!edited)
    throw new Error(`no "${THRESHOLD}" in assembly/kernels/activation/flush.ts: nothing was broken`);
  return createRuntime({ wasm });
}
