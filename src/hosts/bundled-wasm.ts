import type { Build } from '../runtime/build.ts';
import { hasFiles, readFile } from './files.ts';

/** The module that came with the package. The two literal forms are what bundlers recognise and copy. */
export async function readBundledWasm(build: Build): Promise<BufferSource | Response> {
  const url =
    build === 'simd'
      ? new URL('../../wasm/infer.simd.wasm', import.meta.url)
      : new URL('../../wasm/infer.scalar.wasm', import.meta.url);
  return url.protocol === 'file:' && hasFiles() ? readFile(url) : fetch(url);
}
