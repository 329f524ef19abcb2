// Bundles tools/cli and the packages that it uses into dist/cli/rivulet.js; the core stays in dist/src.
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { coreExternal, root } from './core-external.mjs';

const output = join(root, 'dist', 'cli', 'rivulet.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const licence = readFileSync(join(root, 'node_modules', 'commander', 'LICENSE'), 'utf8');

await build({
  entryPoints: [join(root, 'tools', 'cli', 'main.ts')],
  outfile: output,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  define: { RIVULET_VERSION: JSON.stringify(version) },
  banner: {
    // commander is CommonJS and requires modules of Node.
    js: [
      '#!/usr/bin/env node',
      `/*! This file contains commander, under this licence:\n\n${licence.trim()}\n*/`,
      "import { createRequire } from 'node:module';",
      'const require = createRequire(import.meta.url);',
    ].join('\n'),
  },
  logLevel: 'warning',
  plugins: [coreExternal(join(root, 'dist', 'cli'))],
});
chmodSync(output, 0o755);
