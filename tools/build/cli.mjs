// Bundles tools/cli and the packages that it uses into dist/cli/rivulet.js; the core stays in dist/src.
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { coreExternal, root } from './core-external.mjs';

/** What the bundle contains: commander, and cli-progress with what it measures the width of a line by. */
const LICENCES = {
  commander: 'LICENSE',
  'cli-progress': 'LICENSE.md',
  'string-width': 'license',
  'strip-ansi': 'license',
  'ansi-regex': 'license',
  'is-fullwidth-code-point': 'license',
  'emoji-regex': 'LICENSE-MIT.txt',
};

const output = join(root, 'dist', 'cli', 'rivulet.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const licences = Object.entries(LICENCES).map(([name, file]) => {
  const text = readFileSync(join(root, 'node_modules', name, file), 'utf8').trim();
  return `This file contains ${name}, under this licence:\n\n${text}`;
});

const { metafile } = await build({
  entryPoints: [join(root, 'tools', 'cli', 'main.ts')],
  outfile: output,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  define: { RIVULET_VERSION: JSON.stringify(version) },
  banner: {
    // commander and cli-progress are CommonJS and require modules of Node.
    js: [
      '#!/usr/bin/env node',
      `/*! ${licences.join('\n\n')}\n*/`,
      "import { createRequire } from 'node:module';",
      'const require = createRequire(import.meta.url);',
    ].join('\n'),
  },
  logLevel: 'warning',
  metafile: true,
  plugins: [coreExternal(join(root, 'dist', 'cli'))],
});
refuseUnlicensed(Object.keys(metafile.inputs));
chmodSync(output, 0o755);

/** Whatever is bundled comes with its licence. */
function refuseUnlicensed(files) {
  const packages = files.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  const missing = packages.find((name) => !Object.hasOwn(LICENCES, name));
  if (missing !== undefined)
    throw new Error(`tools/build/cli.mjs: add the licence of ${missing}, which is bundled now`);
}
