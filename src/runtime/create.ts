import { RivuletError, show } from '../errors.ts';
import { readBundledWasm } from '../hosts/bundled-wasm.ts';
import { readFile } from '../hosts/files.ts';
import { type Build, supportedBuild } from './build.ts';
import { Runtime } from './runtime.ts';

export interface RuntimeOptions {
  /** Which build to load; `auto` (default) takes SIMD where the engine has it. Ignored when `wasm` is given. */
  build?: 'auto' | Build;
  /** `infer` (default), or `train`: inference and training in one memory. Ignored when `wasm` is given. */
  module?: 'infer' | 'train';
  /** The module itself, where Rivulet shall not look for it: compiled, as bytes, or where to fetch it. */
  wasm?: WebAssembly.Module | BufferSource | URL | Response;
}

/**
 * Makes a runtime. Without `wasm` the module that came with the package is found beside it, under Node, Deno, Bun and
 * in pages built by a bundler.
 *
 * @throws RivuletError `invalid-argument`, `not-supported`, `wasm-unavailable`
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { build = 'auto', module = 'infer', wasm } = options;
  if (module !== 'infer' && module !== 'train') {
    throw new RivuletError('invalid-argument', `module must be "infer" or "train", got ${show(module)}`);
  }
  if (build !== 'auto' && build !== 'simd' && build !== 'scalar') {
    throw new RivuletError(
      'invalid-argument',
      `build must be "auto", "simd" or "scalar", got ${show(build)}`,
    );
  }
  try {
    const source = wasm ?? (await readBundledWasm(module, build === 'auto' ? supportedBuild() : build));
    return new Runtime(await WebAssembly.instantiate(await compile(source), {}));
  } catch (cause) {
    if (cause instanceof RivuletError) throw cause;
    throw new RivuletError(
      'wasm-unavailable',
      `the WebAssembly module could not be loaded (${cause instanceof Error ? cause.message : String(cause)}): ` +
        'give it as `wasm` (a WebAssembly.Module, bytes, a URL or a Response)',
      { cause },
    );
  }
}

/**
 * Makes a runtime of a compiled module, at once: for worklets and the global scope of a Worker.
 *
 * @throws RivuletError `invalid-argument`, `wasm-unavailable`
 */
export function createRuntimeSync(module: WebAssembly.Module): Runtime {
  if (!(module instanceof WebAssembly.Module)) {
    throw new RivuletError(
      'invalid-argument',
      `createRuntimeSync takes a compiled WebAssembly.Module, got ${show(module)}: ` +
        'compile bytes first, or await createRuntime({ wasm })',
    );
  }
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(module, {});
  } catch (cause) {
    throw new RivuletError(
      'wasm-unavailable',
      `the WebAssembly module cannot be instantiated: ${String(cause)}`,
      {
        cause,
      },
    );
  }
  return new Runtime(instance);
}

let shared: Promise<Runtime> | undefined;

/** The runtime of all models that are loaded without one. */
export function sharedRuntime(): Promise<Runtime> {
  shared ??= createRuntime().catch((error) => {
    shared = undefined; // what failed once, a lost connection for instance, may work the next time
    throw error;
  });
  return shared;
}

async function compile(source: NonNullable<RuntimeOptions['wasm']>): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof URL) return compile(await fetchWasm(source));
  if (typeof Response !== 'undefined' && source instanceof Response) {
    if (!source.ok) throw new RivuletError('wasm-unavailable', `${source.url} answered ${source.status}`);
    return WebAssembly.compile(await source.arrayBuffer());
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source))
    return WebAssembly.compile(source as BufferSource);
  throw new RivuletError(
    'invalid-argument',
    `wasm must be a WebAssembly.Module, bytes, a URL or a Response, got ${show(source)}`,
  );
}

async function fetchWasm(url: URL): Promise<BufferSource | Response> {
  if (url.protocol === 'file:') return readFile(url);
  return fetch(url);
}
