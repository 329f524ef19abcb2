// A plugin of esbuild: whatever a tool imports from src/ stays an import of the built core in dist/src. So a tool runs
// the very files that are published, and the core finds its wasm beside itself.
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const source = join(root, 'src') + sep;

/** @param {string} outputFolder the folder, absolute, of the bundle that will do the importing */
export function coreExternal(outputFolder) {
  return {
    name: 'core-external',
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        if (!file.startsWith(source)) return undefined;
        const built = join(root, 'dist', 'src', relative(source, file)).replace(/\.ts$/, '.js');
        const from = relative(outputFolder, built).split(sep).join('/');
        return { path: from.startsWith('.') ? from : `./${from}`, external: true };
      });
    },
  };
}
