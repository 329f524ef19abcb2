// Bundles src/convert and the libraries that it reads containers with into dist/convert/index.js; the core stays in
// dist/src, so that a RivuletError of the one is a RivuletError of the other.
import { join } from 'node:path';
import { build } from 'esbuild';
import { coreExternal, root } from './core-external.mjs';
import { licenceComment, refuseUnlicensed } from './licences.mjs';

/** What the bundle contains. jsfive is published with pako inside. */
const LICENCES = {
  fflate: 'LICENSE',
  flatbuffers: 'LICENSE',
  jsfive: 'LICENSE.txt',
  pako: 'LICENSE',
  pbf: 'LICENSE',
};

const { metafile } = await build({
  entryPoints: [join(root, 'src', 'convert', 'index.ts')],
  outfile: join(root, 'dist', 'convert', 'index.js'),
  bundle: true,
  format: 'esm',
  // Of a library that has a file for each host, the one that runs everywhere.
  platform: 'browser',
  mainFields: ['module', 'main'],
  target: 'es2022',
  banner: { js: licenceComment(LICENCES) },
  logLevel: 'warning',
  metafile: true,
  plugins: [coreExternal(join(root, 'dist', 'convert'))],
});
refuseUnlicensed(LICENCES, Object.keys(metafile.inputs), 'tools/build/convert.mjs');
