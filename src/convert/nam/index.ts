/** Neural Amp Modeler: see read.ts. */
import { RivuletError } from '../../errors.ts';
import type { Conversion, Importer, SourceFile } from '../conversion.ts';
import { readNam } from './read.ts';

export const nam: Importer = { format: 'nam', recognizes, read };

/** JSON that names an architecture near its beginning, or says by its name what it is. */
function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  if (file === undefined || others.length > 0) return false;
  const start = String.fromCharCode(...file.bytes.subarray(0, 4096));
  return /^\s*\{/.test(start) && (start.includes('"architecture"') || /\.nam$/i.test(file.name));
}

function read(files: readonly SourceFile[]): Conversion {
  const [file] = files;
  if (file !== undefined && files.length === 1) return readNam(file);
  throw new RivuletError('invalid-argument', `nam: expected one file, got ${files.length}`);
}
