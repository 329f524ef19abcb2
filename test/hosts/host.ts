import type { Build } from '../../src/runtime/build.ts';
import type { HostCase } from './cases.ts';
import type { StreamCase, StreamResult } from './stream.ts';

/** A host that is running. */
export interface OpenHost {
  stream(build: Build, cases: readonly HostCase[]): Promise<StreamResult>;
  close(): Promise<void>;
}

/** A row of the table of hosts. */
export interface Host {
  readonly name: string;
  /** What `StreamResult.engine` must look like, so that the stream cannot have run elsewhere. */
  readonly engine: RegExp;
  /** Why it cannot run here; undefined where it can. */
  missing(): string | undefined;
  open(): Promise<OpenHost>;
}

/** The module that `npm run build` made. */
export function wasmUrl(build: Build): URL {
  return new URL(`../../dist/wasm/infer.${build}.wasm`, import.meta.url);
}

export function toBase64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
}

export function streamCase({ name, model, inputs }: HostCase): StreamCase {
  const kind = inputs instanceof Uint32Array ? 'tokens' : 'features';
  return { name, model: toBase64(model), inputs: toBase64(inputs), kind };
}
