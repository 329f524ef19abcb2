import { existsSync } from 'node:fs';

/** The checkout in which this file, or a bundle of it, lies. */
export const ROOT = findRoot(new URL('./', import.meta.url));

/** Data that lies beside the checkout; what needs it is skipped where it is absent. */
export const SHARED = new URL(`${process.env.RIVULET_SHARED ?? '../shared'}/`, ROOT);

function findRoot(from: URL): URL {
  if (existsSync(new URL('asconfig.json', from))) return from;
  const parent = new URL('../', from);
  if (parent.href === from.href) throw new Error(`no asconfig.json above ${import.meta.url}`);
  return findRoot(parent);
}
