/** The core as a user's bundler sees it: nothing of the converters, no library, and of the training only what is used. */
import { build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** By what is imported, the most bytes, minified; where they were measured, 94,000 and 231,500 bytes. */
const ENTRIES = [
  ['what infers', '{ createRuntimeSync, loadModelSync }', 96 * 1024],
  ['all', '*', 236 * 1024],
] as const;

async function bundle(names: string): Promise<{ metafile: Metafile; bytes: number }> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: `export ${names} from './src/index.ts';`, resolveDir: '.', sourcefile: 'entry.ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    external: ['node:*'],
    write: false,
    metafile: true,
  });
  return { metafile, bytes: outputFiles[0]!.contents.length };
}

describe('the core', () => {
  it.each(ENTRIES)('%s: bundles without the converters and their libraries', async (_, names, most) => {
    const { metafile, bytes } = await bundle(names);
    const foreign = Object.keys(metafile.inputs).filter(
      (file) => !/^(entry\.ts$|src\/(?!convert\/)|assembly\/shared\/)/.test(file),
    );
    expect(foreign).toEqual([]);
    console.log(`${names} of the core, minified: ${bytes} bytes`);
    expect(bytes).toBeLessThanOrEqual(most);
  });
});
