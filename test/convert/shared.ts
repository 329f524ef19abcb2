/** Real models and data, which are not committed: RIVULET_SHARED names their folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env.RIVULET_SHARED;

/** The path of a file there, or undefined where it is absent. */
export function sharedPath(name: string): string | undefined {
  const path = folder === undefined ? undefined : join(folder, name);
  return path !== undefined && existsSync(path) ? path : undefined;
}

export function readShared(name: string): Uint8Array {
  return readFileSync(sharedPath(name)!);
}
