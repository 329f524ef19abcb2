/** Keras' HDF5 files: a whole model, or weights whose model is given as JSON (`model.to_json()`). */
import { RivuletError, show } from '../../errors.ts';
import type { Conversion, ConvertOptions, Importer, SourceFile } from '../conversion.ts';
import { parseKerasModel } from './config.ts';
import { type Hdf5Group, openHdf5 } from './hdf5.ts';
import { parseJson } from './json.ts';
import { convertKeras } from './model.ts';
import { readStore, weightedLayers } from './weights.ts';

export const kerasH5: Importer = { format: 'keras-h5', recognizes, read };

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  return others.length === 0 && SIGNATURE.every((byte, i) => file?.bytes[i] === byte);
}

function read(files: readonly SourceFile[], options: ConvertOptions): Conversion {
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new RivuletError('invalid-argument', `keras-h5: expected one HDF5 file, got ${files.length}`);
  const root = openHdf5(file.bytes);
  const [version] = attribute(root, 'keras_version') ?? [];
  const model = parseKerasModel(readModel(root, options.config), version);
  return convertKeras(model, readStore(root, model), 'keras-h5', options);
}

/** An attribute of the file, or of its weights. */
function attribute(root: Hdf5Group, name: string): readonly string[] | undefined {
  return root.strings(name) ?? root.findGroup('model_weights')?.strings(name);
}

function readModel(root: Hdf5Group, config: string | undefined): unknown {
  if (config !== undefined) return parseJson(config, 'config', 'invalid-argument');
  const [text] = root.strings('model_config') ?? [];
  if (text !== undefined) return parseJson(text, 'model_config');
  const layers = weightedLayers(root).slice(0, 32).map(show).join(', ');
  throw new RivuletError(
    'missing-graph',
    `the HDF5 file has weights, but no model_config; give the JSON of the model (model.to_json()) as config. ` +
      `Its layers are ${layers}`,
  );
}
