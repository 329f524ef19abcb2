/** Arrays by name, as numpy.savez and numpy.savez_compressed write them: a zip of .npy files. */
import { unzip, type ZipLimits } from '../../../src/convert/zip.ts';
import { RivuletError } from '../../../src/index.ts';
import { type NumpyArray, parseNpy } from './npy.ts';

const LIMITS: ZipLimits = {
  place: 'the archive of NumPy (.npz)',
  entries: 4096,
  /** 16 million values of float32. */
  bytes: 1 << 26,
  wants: () => true,
};

/** @throws RivuletError `invalid-file`, `unsupported-format` */
export function parseNpz(bytes: Uint8Array): ReadonlyMap<string, NumpyArray> {
  const arrays = new Map<string, NumpyArray>();
  for (const [file, content] of unzip(bytes, LIMITS)) {
    const name = file.replace(/\.npy$/, '');
    if (name === file) {
      throw new RivuletError(
        'invalid-file',
        `${LIMITS.place}: it holds ${JSON.stringify(file)}, which is no array (.npy)`,
      );
    }
    arrays.set(name, parseNpy(name, content));
  }
  return arrays;
}
