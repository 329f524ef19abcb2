// Compiles the wasm builds: `node tools/build/wasm.mjs [TARGET …]`, all release targets of asconfig.json by default.
// Release builds go to dist/wasm, stripped and with the fewest bytes that keep their instructions; debug to build/.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import binaryen from 'binaryen';

/**
 * Compiles an entry file with a target of asconfig.json and returns the bytes.
 * `edit(source, path)` may change a source on its way in: tests break things with it.
 */
export async function compile(entry, target, edit = (source) => source) {
  const files = {};
  const { error, stderr } = await asc.main([entry, '--target', target, '--outFile', 'out.wasm'], {
    readFile(name, base) {
      try {
        return edit(
          readFileSync(new URL(name, base === '.' ? pathRoot : new URL(`${base}/`, pathRoot)), 'utf8'),
          name,
        );
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => {
      files[name] = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${entry} (${target}): ${error.message}\n${stderr}`);
  return files['out.wasm'];
}

const pathRoot = new URL('../../', import.meta.url);

/** Without names, and with what the optimizer can still fold for size; the loops of the kernels stay as they are. */
function shrink(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(module.getFeatures());
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  module.runPasses([
    'duplicate-function-elimination',
    'strip-debug',
    'strip-producers',
    'strip-target-features',
  ]);
  const smaller = module.emitBinary();
  module.dispose();
  return smaller;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const targets = process.argv.slice(2);
  const root = new URL('dist/wasm/', pathRoot);
  mkdirSync(root, { recursive: true });
  for (const target of targets.length > 0 ? targets : ['scalar', 'simd']) {
    const bytes = shrink(await compile('assembly/infer.ts', target));
    writeFileSync(new URL(`infer.${target}.wasm`, root), bytes);
    console.log(`dist/wasm/infer.${target}.wasm ${bytes.length} bytes`);
  }
}
