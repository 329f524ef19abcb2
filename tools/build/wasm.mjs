// Compiles both modules, infer and train: `node tools/build/wasm.mjs [TARGET …]`, all release targets of
// asconfig.json by default.
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

/** wasm-opt's passes for size alone: asc -O3 has optimized already, and the loops of the kernels stay as they are. */
function shrink(bytes) {
  const module = binaryen.readBinary(bytes);
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

async function build(module, target) {
  const compiled = await compile(`assembly/${module}.ts`, target);
  const isRelease = target !== 'debug';
  const bytes = isRelease ? shrink(compiled) : compiled;
  const file = `${isRelease ? 'dist/wasm' : 'build'}/${module}.${target}.wasm`;
  mkdirSync(new URL('.', new URL(file, pathRoot)), { recursive: true });
  writeFileSync(new URL(file, pathRoot), bytes);
  console.log(`${file} ${bytes.length} bytes`);
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const targets = process.argv.slice(2);
  for (const target of targets.length > 0 ? targets : ['scalar', 'simd']) {
    for (const module of ['infer', 'train']) await build(module, target);
  }
}
