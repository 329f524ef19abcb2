import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** What is published, not the sources beside it: `src/index.ts` stands for `dist/src/index.js`. */
const publishedCore: Plugin = {
  name: 'published-core',
  setup(esbuild) {
    const path = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url));
    esbuild.onResolve({ filter: /\/src\/index\.ts$/ }, () => ({ path }));
  },
};

/** An entry of test/hosts/entries with the core, as one JavaScript module. */
export async function bundleEntry(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./entries/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['node:*', '*.wasm'],
    logLevel: 'warning',
    plugins: [publishedCore],
  });
  return outputFiles[0]!.text;
}
