// Bundles tools/cli and the packages that it uses into dist/cli/rivulet.js; the core stays in dist/src,
// the converters in dist/convert.
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { coreExternal, root } from './core-external.mjs';
import { licenceComment, refuseUnlicensed } from './licences.mjs';

/** What the bundle contains: commander, fflate, cli-progress with what it measures the width of a line by, d3-scale and d3-shape. */
const LICENCES = {
  commander: 'LICENSE',
  fflate: 'LICENSE',
  'cli-progress': 'LICENSE.md',
  'string-width': 'license',
  'strip-ansi': 'license',
  'ansi-regex': 'license',
  'is-fullwidth-code-point': 'license',
  'emoji-regex': 'LICENSE-MIT.txt',
  'd3-array': 'LICENSE',
  'd3-color': 'LICENSE',
  'd3-format': 'LICENSE',
  'd3-interpolate': 'LICENSE',
  'd3-path': 'LICENSE',
  'd3-scale': 'LICENSE',
  'd3-shape': 'LICENSE',
  'd3-time': 'LICENSE',
  'd3-time-format': 'LICENSE',
  internmap: 'LICENSE',
};

const output = join(root, 'dist', 'cli', 'rivulet.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const { metafile } = await build({
  entryPoints: [join(root, 'tools', 'cli', 'main.ts')],
  outfile: output,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Its file for Node declares a createRequire of its own, for threads that are not used here.
  alias: { fflate: join(root, 'node_modules', 'fflate', 'esm', 'browser.js') },
  define: { RIVULET_VERSION: JSON.stringify(version) },
  banner: {
    // commander and cli-progress are CommonJS and require modules of Node.
    js: [
      '#!/usr/bin/env node',
      licenceComment(LICENCES),
      "import { createRequire } from 'node:module';",
      'const require = createRequire(import.meta.url);',
    ].join('\n'),
  },
  logLevel: 'warning',
  metafile: true,
  plugins: [coreExternal(join(root, 'dist', 'cli'))],
});
refuseUnlicensed(LICENCES, Object.keys(metafile.inputs), 'tools/build/cli.mjs');
chmodSync(output, 0o755);
