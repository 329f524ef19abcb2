/** TF.js layers models: model.json and the shards that it names. */
import { RivuletError, show } from '../../errors.ts';
import type { Conversion, ConvertOptions, Importer, SourceFile } from '../conversion.ts';
import { ArrayStore, byOwner, ownersIn } from '../keras/arrays.ts';
import { parseKerasModel } from '../keras/config.ts';
import { decodeText, parseJson } from '../keras/json.ts';
import { convertKeras } from '../keras/model.ts';
import { readManifest } from './weights.ts';

export const tfjs: Importer = { format: 'tfjs', recognizes, read };

function recognizes(files: readonly SourceFile[]): boolean {
  return files.some(isModel);
}

/** JSON that names its weights; the topology before them may be long. */
function isModel({ bytes }: SourceFile): boolean {
  const start = bytes.findIndex((byte) => byte > 0x20);
  return bytes[start] === 0x7b && decodeText(bytes).includes('"weightsManifest"');
}

function read(files: readonly SourceFile[], options: ConvertOptions): Conversion {
  const file = files.find(isModel);
  if (file === undefined)
    throw new RivuletError('invalid-file', 'tfjs: none of the files is a model.json with a weightsManifest');
  const json = parseJson(decodeText(file.bytes), 'model.json');
  const { format, modelTopology, weightsManifest } = json as Readonly<Record<string, unknown>>;
  if (format !== undefined && format !== 'layers-model') {
    throw new RivuletError(
      'unsupported-format',
      `model.json is a ${show(format)}; supported is a layers-model. Convert the Keras model it came from instead`,
    );
  }
  const others = files.filter((other) => other !== file);
  const model = parseKerasModel(modelTopology);
  const arrays = readManifest(weightsManifest, others);
  // `lstm/kernel`, or behind the name of the model `sequential/lstm/lstm_cell/kernel`.
  return convertKeras(model, new ArrayStore(byOwner(arrays, ownersIn(model))), 'tfjs', options);
}
