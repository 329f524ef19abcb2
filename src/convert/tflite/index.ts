/** TensorFlow Lite: see read.ts. */
import { RivuletError } from '../../errors.ts';
import type { Conversion, Importer, SourceFile } from '../conversion.ts';
import { readTflite } from './read.ts';

export const tflite: Importer = { format: 'tflite', recognizes, read };

/** The identifier that stands behind the offset of the root. */
function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  if (file === undefined || others.length > 0) return false;
  return String.fromCharCode(...file.bytes.subarray(4, 8)) === 'TFL3';
}

function read(files: readonly SourceFile[]): Conversion {
  const [file] = files;
  if (file !== undefined && files.length === 1) return readTflite(file);
  throw new RivuletError('invalid-argument', `tflite: expected one file, got ${files.length}`);
}
