import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RivuletError } from '../../src/index.ts';

/**
 * Writes a file aside and renames it into place, so that whoever reads `path` finds the old file or the new one whole,
 * also after a power failure.
 *
 * @throws RivuletError `invalid-argument` where it cannot be written
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await rm(aside, { force: true }); // of a killed program that had the same id, as in a container
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(aside, { force: true });
    throw new RivuletError('invalid-argument', `${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

/** Removes what programs that were killed while they replaced `path` left beside it. */
export async function removeLeftovers(path: string): Promise<void> {
  const start = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    const id = name.startsWith(start) ? /^(\d+)\.tmp$/.exec(name.slice(start.length))?.[1] : undefined;
    if (id !== undefined && !isRunning(Number(id))) await rm(join(dirname(path), name), { force: true });
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

/**
 * Refuses where a file that is read, by whatever name, is one that will be written. What is no path is passed over.
 *
 * @throws RivuletError `invalid-argument`
 */
export async function refuseOverwriting(
  read: readonly (string | number | undefined)[],
  written: readonly string[],
): Promise<void> {
  for (const source of read) {
    for (const target of written) {
      if (typeof source !== 'string' || !(await isSameFile(source, target))) continue;
      throw new RivuletError(
        'invalid-argument',
        `${target} would be overwritten, and it is read (${source}): choose another name`,
      );
    }
  }
}

/** A rename lasts when its folder has been written. Windows opens no folders, and needs none of this. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
