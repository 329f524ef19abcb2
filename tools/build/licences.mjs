// Whatever is bundled comes with its licence.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './core-external.mjs';

/** @param {Record<string, string>} files by package, the file of its licence */
export function licenceComment(files) {
  const licences = Object.entries(files).map(([name, file]) => {
    const text = readFileSync(join(root, 'node_modules', name, file), 'utf8').trim();
    return `This file contains ${name}, under this licence:\n\n${text}`;
  });
  return `/*! ${licences.join('\n\n')}\n*/`;
}

/**
 * @param {Record<string, string>} files as above
 * @param {readonly string[]} inputs paths of what was bundled
 * @param {string} script what to correct
 */
export function refuseUnlicensed(files, inputs, script) {
  const packages = inputs.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  const missing = packages.find((name) => !Object.hasOwn(files, name));
  if (missing !== undefined)
    throw new Error(`${script}: add the licence of ${missing}, which is bundled now`);
}
