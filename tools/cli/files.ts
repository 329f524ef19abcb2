import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { RivuletError } from '../../src/index.ts';

/**
 * Writes a file aside and renames it into place, so that whoever reads `path` finds the old file or the new one whole.
 *
 * @throws RivuletError `invalid-argument` where it cannot be written
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true });
    throw new RivuletError('invalid-argument', `${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

/** @throws RivuletError `invalid-file` where it cannot be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new RivuletError('invalid-file', `${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** The file's bytes, or undefined where there is no such file yet. */
export async function readBytesIfAny(path: string): Promise<Uint8Array | undefined> {
  const exists = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return exists ? readBytes(path) : undefined;
}

/** @throws RivuletError `invalid-file` where it cannot be read or is not UTF-8 */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RivuletError('invalid-file', `${path} is not UTF-8 text`, { cause });
  }
}

/** Whether both paths lead to one file, by whatever names or links. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
