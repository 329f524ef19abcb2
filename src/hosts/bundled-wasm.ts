import type { Build } from '../runtime/build.ts';
import { hasFiles, readFile } from './files.ts';

/** A module and its build that came with the package. The literal forms are what bundlers recognise and copy. */
export async function readBundledWasm(
  module: 'infer' | 'train',
  build: Build,
): Promise<BufferSource | Response> {
  const url = module === 'infer' ? inferUrl(build) : trainUrl(build);
  return url.protocol === 'file:' && hasFiles() ? readFile(url) : fetch(url);
}

function inferUrl(build: Build): URL {
  return build === 'simd'
    ? new URL('../../wasm/infer.simd.wasm', import.meta.url)
    : new URL('../../wasm/infer.scalar.wasm', import.meta.url);
}

function trainUrl(build: Build): URL {
  return build === 'simd'
    ? new URL('../../wasm/train.simd.wasm', import.meta.url)
    : new URL('../../wasm/train.scalar.wasm', import.meta.url);
}
