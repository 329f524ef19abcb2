/** The core as a user's bundler sees it: nothing of the converters, and no library. */
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** Minified; 162,801 bytes when the converters and the nodes that they needed came. */
const MOST_BYTES = 176 * 1024;

describe('the core', () => {
  it('bundles without the converters and their libraries', async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: ['src/index.ts'],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      external: ['node:*'],
      outfile: 'core.js',
      write: false,
      metafile: true,
    });
    const foreign = Object.keys(metafile.inputs).filter(
      (file) => !/^(src\/(?!convert\/)|assembly\/shared\/)/.test(file),
    );
    expect(foreign).toEqual([]);
    const { length } = outputFiles[0]!.contents;
    console.log(`the core, minified: ${length} bytes`);
    expect(length).toBeLessThanOrEqual(MOST_BYTES);
  });
});
