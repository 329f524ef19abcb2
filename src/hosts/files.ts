import { RivuletError } from '../errors.ts';

/** Node, Deno and Bun answer `process.getBuiltinModule`; a page, a Worker or a worklet has no files. */
function fileSystem(): typeof import('node:fs/promises') | undefined {
  const host = globalThis.process as typeof process | undefined;
  return typeof host?.getBuiltinModule === 'function' ? host.getBuiltinModule('node:fs/promises') : undefined;
}

export function hasFiles(): boolean {
  return fileSystem() !== undefined;
}

/**
 * The bytes of a file.
 *
 * @throws RivuletError `invalid-file` where it cannot be read, `not-supported` where the host has no files
 */
export async function readFile(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const files = fileSystem();
  if (!files) {
    throw new RivuletError(
      'not-supported',
      `${path} cannot be read here: this host has no files, give a URL or bytes`,
    );
  }
  try {
    const bytes = await files.readFile(path);
    return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError('invalid-file', `${path} cannot be read: ${reason}`, { cause });
  }
}
