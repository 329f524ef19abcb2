/** ONNX: opset 7 to 22, float32, one file. */

import { RivuletError } from '../../errors.ts';
import type { ModelDefinition } from '../../graph/definition.ts';
import type { Conversion, ConvertOptions, Importer, SourceFile } from '../conversion.ts';
import { readModel } from './proto.ts';
import { readGraph } from './read.ts';

export const onnx: Importer = { format: 'onnx', recognizes, read };

/** A ModelProto begins with its ir_version, field 1: 1 to 13. */
function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  if (file === undefined || others.length > 0) return false;
  const [tag, version] = file.bytes;
  return (tag === 8 && version! >= 1 && version! <= 32) || file.name.endsWith('.onnx');
}

function read(files: readonly SourceFile[], options: ConvertOptions): Conversion {
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new RivuletError('invalid-argument', `onnx: expected one file, got ${files.length}`);
  return readGraph(readModel(file.bytes), options);
}

export type { ModelDefinition };
