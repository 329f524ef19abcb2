import type { AdapterRoom } from '../adapters/matrices.ts';
import { RivuletError, show } from '../errors.ts';
import { parseModelFile } from '../formats/model-file.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { hasFiles, readFile } from '../hosts/files.ts';
import { sharedRuntime } from '../runtime/create.ts';
import { Runtime } from '../runtime/runtime.ts';
import { Model } from './model.ts';

/** Where a model comes from: a path or URL, what a request or a file picker gives, bytes, or a definition. */
export type ModelSource =
  | string
  | URL
  | Response
  | Blob
  | ArrayBuffer
  | Uint8Array
  | ReadableStream<Uint8Array>
  | ModelDefinition;

export interface LoadOptions {
  /** The memory it goes into; by default one that all such models share. */
  runtime?: Runtime;
  /** Room for the adapters of sessions, at most of this rank; sessions without one compute as if there were none. */
  adapters?: AdapterRoom;
  signal?: AbortSignal;
  /** Called as bytes arrive; `total` where the source says it. */
  onProgress?: (progress: { loaded: number; total: number | undefined }) => void;
}

/**
 * Loads a model.
 *
 * @throws RivuletError `invalid-argument`, `invalid-file`, `unsupported-format`, `missing-graph`, `invalid-graph`,
 * `missing-tensor`, `wrong-shape`, `non-finite-weight`, `out-of-memory`, `aborted`, `wasm-unavailable`
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  requireRuntime(options.runtime);
  const content = await readSource(source, options);
  const runtime = options.runtime ?? (await sharedRuntime());
  assertNotAborted(options.signal);
  const { adapters } = options;
  return content instanceof Uint8Array
    ? loadModelSync(content, { runtime, ...(adapters && { adapters }) })
    : new Model(runtime, content, adapters);
}

/**
 * Loads a model from the bytes of its file, at once. The bytes must not change while the model lives.
 *
 * @throws RivuletError as `loadModel`
 */
export function loadModelSync(
  bytes: ArrayBuffer | Uint8Array,
  { runtime, adapters }: { runtime: Runtime; adapters?: AdapterRoom },
): Model {
  requireRuntime(runtime);
  if (!(runtime instanceof Runtime)) {
    throw new RivuletError(
      'invalid-argument',
      'loadModelSync needs a runtime: pass { runtime: createRuntimeSync(module) }',
    );
  }
  return new Model(runtime, parseModelFile(asBytes(bytes)), adapters);
}

function requireRuntime(runtime: unknown): void {
  if (runtime !== undefined && !(runtime instanceof Runtime)) {
    throw new RivuletError('invalid-argument', `runtime must come from createRuntime, got ${show(runtime)}`);
  }
}

async function readSource(source: ModelSource, options: LoadOptions): Promise<Uint8Array | ModelDefinition> {
  assertNotAborted(options.signal);
  if (typeof source === 'string' || source instanceof URL) return readLocation(source, options);
  if (typeof Response !== 'undefined' && source instanceof Response) return readResponse(source, options);
  if (typeof Blob !== 'undefined' && source instanceof Blob)
    return readStream(source.stream(), source.size, options);
  if (typeof ReadableStream !== 'undefined' && source instanceof ReadableStream) {
    return readStream(source, undefined, options);
  }
  if (isBytes(source)) return asBytes(source);
  if (typeof source === 'object' && source !== null && 'graph' in source) return source;
  throw new RivuletError(
    'invalid-argument',
    `a model comes from a path, a URL, a Response, a Blob, bytes, a stream or a definition, got ${show(source)}`,
  );
}

async function readLocation(source: string | URL, options: LoadOptions): Promise<Uint8Array> {
  const url = typeof source === 'string' && /^[a-z][a-z\d+.-]+:/i.test(source) ? new URL(source) : source;
  const isFile = typeof url === 'string' ? hasFiles() : url.protocol === 'file:';
  if (isFile) {
    const bytes = await readFile(url);
    options.onProgress?.({ loaded: bytes.length, total: bytes.length });
    return bytes;
  }
  let response: Response;
  try {
    response = await fetch(url, options.signal ? { signal: options.signal } : {});
  } catch (cause) {
    assertNotAborted(options.signal);
    throw new RivuletError('invalid-file', `${url} cannot be fetched: ${String(cause)}`, { cause });
  }
  return readResponse(response, options);
}

async function readResponse(response: Response, options: LoadOptions): Promise<Uint8Array> {
  if (!response.ok)
    throw new RivuletError('invalid-file', `${response.url || 'the request'} answered ${response.status}`);
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('content-length'));
  return readStream(response.body, length > 0 ? length : undefined, options);
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  total: number | undefined,
  { signal, onProgress }: LoadOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      assertNotAborted(signal);
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(asBytes(value));
      loaded += value.byteLength;
      onProgress?.({ loaded, total });
    }
  } catch (cause) {
    await reader.cancel(cause).catch(() => {});
    assertNotAborted(signal);
    if (cause instanceof RivuletError) throw cause;
    throw new RivuletError(
      'invalid-file',
      `the model's stream broke after ${loaded} bytes: ${String(cause)}`,
      { cause },
    );
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function isBytes(value: unknown): value is ArrayBuffer | Uint8Array {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new RivuletError(
    'invalid-argument',
    `the bytes of a model must be an ArrayBuffer or Uint8Array, got ${show(value)}`,
  );
}

function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RivuletError('aborted', 'loading was aborted', { cause: signal.reason });
}
