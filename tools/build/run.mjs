// Runs a tool that is written in TypeScript on the Node that is here:
//
//     node [NODE OPTIONS] tools/build/run.mjs FILE.ts [ARGUMENT …]
//
// FILE.ts is bundled into build/, under its own path, and imported; the core comes from dist/ (`npm run build` makes
// it) and packages from node_modules. Files of the same folder that end in `.worker.ts` are built beside it, so that
// `new Worker(new URL('./x.worker.js', import.meta.url))` finds them.
import { readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { coreExternal, root } from './core-external.mjs';

const [file, ...args] = process.argv.slice(2);
if (!file?.endsWith('.ts')) {
  console.error('usage: node tools/build/run.mjs FILE.ts [ARGUMENT …]');
  process.exit(2);
}

const entry = resolve(file);
const folder = dirname(entry);
const outputFolder = join(root, 'build', relative(root, folder));
const workers = readdirSync(folder).filter((name) => name.endsWith('.worker.ts'));
await build({
  entryPoints: [entry, ...workers.map((name) => join(folder, name))],
  outdir: outputFolder,
  outbase: folder,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: [coreExternal(outputFolder)],
});

const output = join(outputFolder, relative(folder, entry)).replace(/\.ts$/, '.js');
process.argv = [process.argv[0], output, ...args];
await import(pathToFileURL(output).href);
