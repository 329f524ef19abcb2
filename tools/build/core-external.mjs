// A plugin of esbuild: whatever a tool imports from src/ stays an import of the built core in dist/src, and of the
// converters in dist/convert. So a tool runs the very files that are published, and the core finds its wasm beside
// itself.
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const source = join(root, 'src') + sep;
const converters = join(source, 'convert') + sep;

/** @param {string} outputFolder the folder, absolute, of the bundle that will do the importing */
export function coreExternal(outputFolder) {
  return {
    name: 'core-external',
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        if (!file.startsWith(source)) return undefined;
        const isInConverters = (resolveDir + sep).startsWith(converters);
        const isEntry = file === join(converters, 'index.ts');
        // The converters are published as one file; what stands beside its entry is bundled by who imports it.
        if (file.startsWith(converters) && (isInConverters || !isEntry)) return undefined;
        const built = isEntry ? join('convert', 'index.ts') : join('src', relative(source, file));
        const output = join(root, 'dist', built).replace(/\.ts$/, '.js');
        const from = relative(outputFolder, output).split(sep).join('/');
        return { path: from.startsWith('.') ? from : `./${from}`, external: true };
      });
    },
  };
}
