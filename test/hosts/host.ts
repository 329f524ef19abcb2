import type { Build } from '../../src/runtime/build.ts';
import type { HostCase } from './cases.ts';
import type { StreamCase, StreamResult } from './stream.ts';

/** A module and its build. */
export type ModuleName = `${'infer' | 'train'}.${Build}`;
export const MODULES: readonly ModuleName[] = ['infer.scalar', 'infer.simd', 'train.scalar', 'train.simd'];

/** A host that is running. */
export interface OpenHost {
  stream(module: ModuleName, cases: readonly HostCase[]): Promise<StreamResult>;
  close(): Promise<void>;
}

/** A row of the table of hosts. */
export interface Host {
  readonly name: string;
  /** What `StreamResult.engine` must look like, so that the stream cannot have run elsewhere. */
  readonly engine: RegExp;
  /** Whether it runs TypeScript, and so the training too. */
  readonly trains: boolean;
  /** Why it cannot run here; undefined where it can. */
  missing(): string | undefined;
  open(): Promise<OpenHost>;
}

/** The module that `npm run build` made. */
export function wasmUrl(module: ModuleName): URL {
  return new URL(`../../dist/wasm/${module}.wasm`, import.meta.url);
}

export function toBase64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
}

export function streamCase({ name, model, inputs, epochs = 0 }: HostCase): StreamCase {
  const kind = inputs instanceof Uint32Array ? 'tokens' : 'features';
  return { name, model: toBase64(model), inputs: toBase64(inputs), kind, epochs };
}
